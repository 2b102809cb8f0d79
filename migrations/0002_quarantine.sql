-- Who says that the media must not be served: the name of a module. NULL: it is served.
ALTER TABLE media ADD COLUMN quarantined_by TEXT;
