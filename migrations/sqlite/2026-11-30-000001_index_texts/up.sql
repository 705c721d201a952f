-- The words of each table, for `folio search`, by SQLite's FTS5. The texts stay where they are: the index knows their rows
-- by the id. Triggers keep it current, whichever program writes.

CREATE VIRTUAL TABLE users_words USING fts5(
    username, name, email, company, location, content = 'users', content_rowid = 'id'
);
CREATE TRIGGER users_words_insert AFTER INSERT ON users BEGIN
    INSERT INTO users_words (rowid, username, name, email, company, location)
    VALUES (new.id, new.username, new.name, new.email, new.company, new.location);
END;
CREATE TRIGGER users_words_delete AFTER DELETE ON users BEGIN
    INSERT INTO users_words (users_words, rowid, username, name, email, company, location)
    VALUES ('delete', old.id, old.username, old.name, old.email, old.company, old.location);
END;
CREATE TRIGGER users_words_update AFTER UPDATE OF id, username, name, email, company, location ON users BEGIN
    INSERT INTO users_words (users_words, rowid, username, name, email, company, location)
    VALUES ('delete', old.id, old.username, old.name, old.email, old.company, old.location);
    INSERT INTO users_words (rowid, username, name, email, company, location)
    VALUES (new.id, new.username, new.name, new.email, new.company, new.location);
END;
INSERT INTO users_words (users_words) VALUES ('rebuild');

CREATE VIRTUAL TABLE repositories_words USING fts5(
    repo_name, description, language, topics, content = 'repositories', content_rowid = 'id'
);
CREATE TRIGGER repositories_words_insert AFTER INSERT ON repositories BEGIN
    INSERT INTO repositories_words (rowid, repo_name, description, language, topics)
    VALUES (new.id, new.repo_name, new.description, new.language, new.topics);
END;
CREATE TRIGGER repositories_words_delete AFTER DELETE ON repositories BEGIN
    INSERT INTO repositories_words (repositories_words, rowid, repo_name, description, language, topics)
    VALUES ('delete', old.id, old.repo_name, old.description, old.language, old.topics);
END;
CREATE TRIGGER repositories_words_update AFTER UPDATE OF id, repo_name, description, language, topics ON repositories BEGIN
    INSERT INTO repositories_words (repositories_words, rowid, repo_name, description, language, topics)
    VALUES ('delete', old.id, old.repo_name, old.description, old.language, old.topics);
    INSERT INTO repositories_words (rowid, repo_name, description, language, topics)
    VALUES (new.id, new.repo_name, new.description, new.language, new.topics);
END;
INSERT INTO repositories_words (repositories_words) VALUES ('rebuild');

CREATE VIRTUAL TABLE resumes_words USING fts5(
    vacancy, body, content = 'resumes', content_rowid = 'id'
);
CREATE TRIGGER resumes_words_insert AFTER INSERT ON resumes BEGIN
    INSERT INTO resumes_words (rowid, vacancy, body)
    VALUES (new.id, new.vacancy, new.body);
END;
CREATE TRIGGER resumes_words_delete AFTER DELETE ON resumes BEGIN
    INSERT INTO resumes_words (resumes_words, rowid, vacancy, body)
    VALUES ('delete', old.id, old.vacancy, old.body);
END;
CREATE TRIGGER resumes_words_update AFTER UPDATE OF id, vacancy, body ON resumes BEGIN
    INSERT INTO resumes_words (resumes_words, rowid, vacancy, body)
    VALUES ('delete', old.id, old.vacancy, old.body);
    INSERT INTO resumes_words (rowid, vacancy, body)
    VALUES (new.id, new.vacancy, new.body);
END;
INSERT INTO resumes_words (resumes_words) VALUES ('rebuild');

CREATE VIRTUAL TABLE notes_words USING fts5(
    name, body, content = 'notes', content_rowid = 'id'
);
CREATE TRIGGER notes_words_insert AFTER INSERT ON notes BEGIN
    INSERT INTO notes_words (rowid, name, body)
    VALUES (new.id, new.name, new.body);
END;
CREATE TRIGGER notes_words_delete AFTER DELETE ON notes BEGIN
    INSERT INTO notes_words (notes_words, rowid, name, body)
    VALUES ('delete', old.id, old.name, old.body);
END;
CREATE TRIGGER notes_words_update AFTER UPDATE OF id, name, body ON notes BEGIN
    INSERT INTO notes_words (notes_words, rowid, name, body)
    VALUES ('delete', old.id, old.name, old.body);
    INSERT INTO notes_words (rowid, name, body)
    VALUES (new.id, new.name, new.body);
END;
INSERT INTO notes_words (notes_words) VALUES ('rebuild');
