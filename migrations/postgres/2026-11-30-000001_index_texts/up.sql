-- The words of each table, for `folio search`: an index of an expression that the search repeats. Marks between words are
-- taken away first, so that a host, an email or a name with hyphens is the words that it consists of. Of a long text, the
-- first 200,000 characters are searched: the words of a row must fit into one megabyte.
-- lint: allow blocking-index because a transaction makes all of them or none, and the tables are small

CREATE INDEX users_words_idx ON users USING gin ((
    setweight(to_tsvector('simple', regexp_replace(username || ' ' || coalesce(name, ''), '[!-/:-@[-`{-~]+', ' ', 'g')), 'A')
    || to_tsvector('simple', regexp_replace(left(coalesce(email, '') || ' ' || coalesce(company, '') || ' ' || coalesce(location, ''), 200000), '[!-/:-@[-`{-~]+', ' ', 'g'))
));

CREATE INDEX repositories_words_idx ON repositories USING gin ((
    setweight(to_tsvector('simple', regexp_replace(repo_name, '[!-/:-@[-`{-~]+', ' ', 'g')), 'A')
    || to_tsvector('simple', regexp_replace(left(coalesce(description, '') || ' ' || coalesce(language, '') || ' ' || coalesce(topics, ''), 200000), '[!-/:-@[-`{-~]+', ' ', 'g'))
));

CREATE INDEX resumes_words_idx ON resumes USING gin ((
    setweight(to_tsvector('simple', regexp_replace(vacancy, '[!-/:-@[-`{-~]+', ' ', 'g')), 'A')
    || to_tsvector('simple', regexp_replace(left(body, 200000), '[!-/:-@[-`{-~]+', ' ', 'g'))
));

CREATE INDEX notes_words_idx ON notes USING gin ((
    setweight(to_tsvector('simple', regexp_replace(name, '[!-/:-@[-`{-~]+', ' ', 'g')), 'A')
    || to_tsvector('simple', regexp_replace(left(body, 200000), '[!-/:-@[-`{-~]+', ' ', 'g'))
));
