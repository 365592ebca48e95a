# What this folder installs.
dist_man_MANS += man/openmmo.ini.5
dist_man_MANS += man/openmmo-bots.1
