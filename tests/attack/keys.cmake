# Keys, backups, and databases that somebody changed.
