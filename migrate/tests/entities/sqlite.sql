CREATE TABLE makers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(40) NOT NULL UNIQUE,
    "type" TEXT,
    "unit price" NUMERIC(10, 2) NOT NULL DEFAULT 1.5,
    place GEO,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    version BIGINT NOT NULL DEFAULT 1
);
CREATE TABLE things (
    id INTEGER PRIMARY KEY,
    maker_id BIGINT NOT NULL REFERENCES makers (id),
    copy_of BIGINT REFERENCES things (id),
    number INTEGER NOT NULL DEFAULT -5,
    small SMALLINT,
    exact DOUBLE NOT NULL,
    ratio REAL DEFAULT 0.5,
    flag BOOLEAN NOT NULL DEFAULT TRUE,
    words TEXT NOT NULL DEFAULT 'it''s',
    code CHAR(3) NOT NULL DEFAULT (lower('ABC')),
    bytes BLOB NOT NULL,
    anything,
    day DATE NOT NULL,
    hour TIME NOT NULL,
    doubled INTEGER GENERATED ALWAYS AS (number * 2) STORED
);
CREATE TABLE profiles (maker_id BIGINT NOT NULL PRIMARY KEY REFERENCES makers (id), about TEXT NOT NULL);
CREATE TABLE places (room INTEGER NOT NULL, shelf TEXT NOT NULL, PRIMARY KEY (room, shelf));
CREATE TABLE "old marks" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room INTEGER NOT NULL,
    shelf TEXT NOT NULL,
    maker VARCHAR(40) REFERENCES makers (name),
    FOREIGN KEY (room, shelf) REFERENCES places (room, shelf)
);
CREATE TABLE log (line TEXT);
