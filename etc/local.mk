# The sample configuration, with the options' defaults; a test compares it with the table.
openmmoconfdir = $(sysconfdir)/openmmo
dist_openmmoconf_DATA = etc/openmmo.ini
