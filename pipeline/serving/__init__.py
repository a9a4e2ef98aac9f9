"""HTTP scoring.

`bodies` says what goes in and comes out, `live_session` makes sessions of it, `carts` and `items` answer, `batches`
answers many requests at once, `sources` and `reloading` keep the models up to date, `limits` guards, `app` puts them
together.
"""
