CREATE TABLE note_tags (
    note_id BIGINT NOT NULL,
    tag VARCHAR(64) NOT NULL,
    created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    -- Also the index of the foreign key to notes.
    PRIMARY KEY (note_id, tag),
    CONSTRAINT note_tags_tag_length CHECK (char_length(tag) BETWEEN 1 AND 64),
    CONSTRAINT note_tags_tag_no_nul CHECK (locate(char(0 USING utf8mb4), tag) = 0),
    CONSTRAINT note_tags_note_id_fkey FOREIGN KEY (note_id) REFERENCES notes (id) ON DELETE CASCADE,
    KEY note_tags_tag_idx (tag)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */
COMMENT = 'The tags of notes.';

CREATE TABLE note_repositories (
    note_id BIGINT NOT NULL,
    repository_id BIGINT NOT NULL,
    created_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    -- Also the index of the foreign key to notes.
    PRIMARY KEY (note_id, repository_id),
    CONSTRAINT note_repositories_note_id_fkey FOREIGN KEY (note_id) REFERENCES notes (id) ON DELETE CASCADE,
    CONSTRAINT note_repositories_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES repositories (id)
        ON DELETE CASCADE,
    KEY note_repositories_repository_id_idx (repository_id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */
COMMENT = 'The repositories that a note is about besides that of notes.repository_id.';
