-- Media IDs that were created and wait for their content. Filling one deletes its row and writes the media row in the same
-- transaction. Who is uploading to an ID at this moment is not written down: it ends with the process.
CREATE TABLE pending_media (
    media_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX pending_media_by_user ON pending_media (user_id, expires_at);
CREATE INDEX pending_media_by_expiry ON pending_media (expires_at);
