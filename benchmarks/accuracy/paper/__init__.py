"""The paper's experiments (ai.lock, ACSAC 2017) on any photos."""
