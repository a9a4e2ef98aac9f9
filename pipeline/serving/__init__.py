"""HTTP scoring.

`bodies` says what goes in and comes out, `answers` and `items` answer by `explain.cart.scorer` and the recommender,
`batches` answers many requests at once, `sources` and `reloading` keep the models up to date, `limits` guards, `app`
puts them together.
"""
