# What this folder installs.
dist_man_MANS += man/openmmo.ini.5
dist_man_MANS += man/openmmo-bots.1
dist_man_MANS += man/openmmo-console.1 man/openmmod.8 man/openmmo.7
