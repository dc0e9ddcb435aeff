"""What tools and benchmarks share; it knows neither."""
