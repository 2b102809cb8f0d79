-- Thumbnails that were made, as children of their media: they go with it.

-- `form` names what was asked for (`320x240-scale`). A small body is in the row itself; without one the bytes are in the
-- blob store; of an original (is_original = 1) there are none, because the media's own serve.
CREATE TABLE thumbnails (
    media_id TEXT NOT NULL REFERENCES media (media_id) ON DELETE CASCADE,
    form TEXT NOT NULL,
    content_type TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    is_original BIGINT NOT NULL,
    size BIGINT NOT NULL CHECK (size >= 0),
    sha256 BLOB NOT NULL,
    body BLOB,
    PRIMARY KEY (media_id, form)
);

CREATE INDEX thumbnails_by_blob ON thumbnails (sha256) WHERE body IS NULL AND is_original = 0;
