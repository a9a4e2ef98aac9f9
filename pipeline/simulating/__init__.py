"""An A/B test on the demo shop of what acting on the rescue list brings.

`fresh` makes the carts of other visitors with their truth; `judging` asks the models about them, `showing` for items;
`judged` holds what an A/B test needs of it. `piloting` measures the response, `arms` says who is nudged in which way,
and `ab_testing` what came of it.
"""
