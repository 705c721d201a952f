-- Notes of one person, about a repository or about nothing in particular.
CREATE TABLE notes (
    id INTEGER NOT NULL CONSTRAINT notes_pkey PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    repository_id BIGINT,
    -- Where an imported document came from; importing it again finds it by this.
    source TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    updated_at TIMESTAMP NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    -- Counts the changes, so that two people who edit one text do not overwrite each other.
    version BIGINT NOT NULL DEFAULT 1,
    -- Also the index of the foreign key to users.
    CONSTRAINT notes_user_id_source_key UNIQUE (user_id, source),
    CONSTRAINT notes_name_length CHECK (length(name) BETWEEN 1 AND 256),
    CONSTRAINT notes_name_no_nul CHECK (instr(name, char(0)) = 0),
    CONSTRAINT notes_body_no_nul CHECK (instr(body, char(0)) = 0),
    CONSTRAINT notes_source_length CHECK (length(source) BETWEEN 1 AND 256),
    CONSTRAINT notes_source_no_nul CHECK (instr(source, char(0)) = 0),
    -- A note goes with its author and outlives the repository that it is about.
    CONSTRAINT notes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT notes_repository_id_fkey FOREIGN KEY (repository_id) REFERENCES repositories (id) ON DELETE SET NULL
);

CREATE INDEX notes_repository_id_idx ON notes (repository_id);
