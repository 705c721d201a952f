-- The tags of notes.
CREATE TABLE note_tags (
    note_id BIGINT NOT NULL,
    tag TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    -- Also the index of the foreign key to notes.
    CONSTRAINT note_tags_pkey PRIMARY KEY (note_id, tag),
    CONSTRAINT note_tags_tag_length CHECK (length(tag) BETWEEN 1 AND 64),
    CONSTRAINT note_tags_tag_no_nul CHECK (instr(tag, char(0)) = 0),
    CONSTRAINT note_tags_note_id_fkey FOREIGN KEY (note_id) REFERENCES notes (id) ON DELETE CASCADE
);

CREATE INDEX note_tags_tag_idx ON note_tags (tag);

-- The repositories that a note is about besides that of notes.repository_id.
CREATE TABLE note_repositories (
    note_id BIGINT NOT NULL,
    repository_id BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    -- Also the index of the foreign key to notes.
    CONSTRAINT note_repositories_pkey PRIMARY KEY (note_id, repository_id),
    CONSTRAINT note_repositories_note_id_fkey FOREIGN KEY (note_id) REFERENCES notes (id) ON DELETE CASCADE,
    CONSTRAINT note_repositories_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES repositories (id)
        ON DELETE CASCADE
);

CREATE INDEX note_repositories_repository_id_idx ON note_repositories (repository_id);
