-- The history: what each unit of work changed, as the session of the program records it.
-- Who changed a row of an entity with #[entity(history)], when, in which unit of work, and its values before.
CREATE TABLE diesel_session_history (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL,
    unit_name TEXT,
    author TEXT,
    changed_at TIMESTAMP NOT NULL,
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    operation TEXT NOT NULL,
    values_before TEXT,
    delivered_at TIMESTAMP
);
CREATE INDEX diesel_session_history_row ON diesel_session_history (row_key, table_name);
CREATE INDEX diesel_session_history_unit ON diesel_session_history (unit);
