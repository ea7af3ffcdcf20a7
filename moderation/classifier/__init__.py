"""Hashed n-grams to five calibrated probabilities, with reasons; a model is a plain folder of numbers."""
