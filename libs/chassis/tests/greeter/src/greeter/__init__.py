"""The smallest whole service: what the chassis' process tests run."""
