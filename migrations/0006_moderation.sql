-- 1: quarantining skips it.
ALTER TABLE media ADD COLUMN is_protected BIGINT NOT NULL DEFAULT 0;

-- 1: its uploader may delete it at any time (MSC4425).
ALTER TABLE media ADD COLUMN is_ephemeral BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pending_media ADD COLUMN is_ephemeral BIGINT NOT NULL DEFAULT 0;

-- Bytes are looked up for every row now, not only for those in the blob store: quarantine follows the bytes.
DROP INDEX media_by_blob;
CREATE INDEX media_by_hash ON media (sha256);
CREATE INDEX media_quarantined ON media (sha256) WHERE quarantined_by IS NOT NULL;
CREATE INDEX media_by_user ON media (user_key, created_at);
