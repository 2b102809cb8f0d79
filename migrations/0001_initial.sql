-- Times are milliseconds since the epoch, sizes are bytes. Only TEXT, BIGINT and BLOB, so that one text can serve
-- several database systems. Never edited after a release: changes come as a new, higher numbered file.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- One row per user who has ever completed an upload, with running totals: everything ever sent, and what is still
-- stored. Byte totals are kept modulo 2^64 in a signed number, so that differences stay exact at the extremes.
CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    user_key BIGINT NOT NULL UNIQUE,
    sent_total BIGINT NOT NULL,
    newest_sent_at BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    stored_files BIGINT NOT NULL CHECK (stored_files >= 0)
) WITHOUT ROWID;

-- A small body is in the row itself; without one the bytes are in the blob store. The row has no primary key of its
-- own order on purpose: rows and bodies are appended, and only the index of the random IDs is written all over.
CREATE TABLE media (
    media_id TEXT PRIMARY KEY,
    user_key BIGINT NOT NULL REFERENCES users (user_key),
    content_type TEXT NOT NULL,
    file_name TEXT,
    size BIGINT NOT NULL CHECK (size >= 0),
    sha256 BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    body BLOB
);

-- Only rows whose bytes are in the blob store are ever looked up by their bytes.
CREATE INDEX media_by_blob ON media (sha256) WHERE body IS NULL;

-- `total` is the user's sent_total after all uploads that completed at or before `sent_at`: what a window holds is
-- the newest total minus the total at the window's start.
CREATE TABLE upload_ledger (
    user_key BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (user_key, sent_at)
) WITHOUT ROWID;
