"""Types that describe a file."""
