"""What people make of the explanations: a quiz for anyone, and a form for those who know the shop."""
