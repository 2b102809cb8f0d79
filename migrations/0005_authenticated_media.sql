-- 1: only authenticated clients may have it; 0: it was uploaded while the old routes gave out everything.
ALTER TABLE media ADD COLUMN needs_authentication BIGINT NOT NULL DEFAULT 1;
