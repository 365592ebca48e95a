# The service manager's files. Below the prefix, so that no installation touches another's system.
systemdsystemunitdir = $(prefix)/lib/systemd/system
nodist_systemdsystemunit_DATA = systemd/openmmod.service
sysusersdir = $(prefix)/lib/sysusers.d
EXTRA_DIST += systemd/openmmod.service.in systemd/openmmo.sysusers scripts/boot-test
CLEANFILES += systemd/openmmod.service

systemd/openmmod.service: systemd/openmmod.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && sed 's|[@]sbindir[@]|$(sbindir)|g' $(srcdir)/systemd/openmmod.service.in >$@.new && mv $@.new $@

install-data-hook:
	$(MKDIR_P) "$(DESTDIR)$(sysusersdir)"
	$(INSTALL_DATA) $(srcdir)/systemd/openmmo.sysusers "$(DESTDIR)$(sysusersdir)/openmmo.conf"
uninstall-hook:
	rm -f "$(DESTDIR)$(sysusersdir)/openmmo.conf"
