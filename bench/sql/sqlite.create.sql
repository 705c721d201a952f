DROP TABLE IF EXISTS notes;
DROP TABLE IF EXISTS repositories;
DROP TABLE IF EXISTS users;
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    login TEXT NOT NULL,
    email TEXT,
    stars BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE TABLE repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL
);
CREATE INDEX repositories_user_id ON repositories (user_id);
CREATE TABLE notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id),
    body TEXT NOT NULL
);
CREATE INDEX notes_user_id ON notes (user_id);
