"""Bearer tokens: how a client sends one, and what is said to who may not pass."""
