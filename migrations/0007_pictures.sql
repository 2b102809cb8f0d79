-- What decodes found out about pictures, as children of their media: it goes with it. Width and height are upright.
CREATE TABLE pictures (
    media_id TEXT NOT NULL PRIMARY KEY REFERENCES media (media_id) ON DELETE CASCADE,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    blurhash TEXT
);
