# The sample configuration, with the options' defaults; a test compares it with the table. What an operator edited is his:
# installing over it leaves it alone, and so does uninstalling.
openmmoconfdir = $(sysconfdir)/openmmo
EXTRA_DIST += etc/openmmo.ini

install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(openmmoconfdir)"
	test -e "$(DESTDIR)$(openmmoconfdir)/openmmo.ini" || \
	    $(INSTALL_DATA) $(srcdir)/etc/openmmo.ini "$(DESTDIR)$(openmmoconfdir)/openmmo.ini"
uninstall-local:
	if cmp -s $(srcdir)/etc/openmmo.ini "$(DESTDIR)$(openmmoconfdir)/openmmo.ini"; then \
	    rm -f "$(DESTDIR)$(openmmoconfdir)/openmmo.ini"; fi
