"""The commands of ``python -m generate``, a module for each subject."""
