# What this folder installs.
