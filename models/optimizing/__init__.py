"""Update rules, their schedules, and the clipping of gradients."""
