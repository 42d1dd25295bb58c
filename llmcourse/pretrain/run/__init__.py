"""The run itself: first weights, the function that composes all, what it measures and says on the way."""
