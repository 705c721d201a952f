//! The migrations of a railway for each engine: sixty tables from one description, and the changes of later years, as
//! each engine's people write them.

use folio_testing::TestEngine;
use tempfile::TempDir;

use crate::support::{folder, write};

/// Each table: the number of its migration, its name, its columns and constraints. A type may be followed by `?` for
/// NULL, by `= default`, and by the table that it refers to, with what follows when the row there is deleted.
const TABLES: &str = "
1 countries: code words 2; name words 80; key (code); unique (name); check code <> ''
1 regions: country_code words 2 -> countries code; code words 3; name words 80; key (country_code, code)
1 towns: id; country_code words 2; region_code words 3; name words 80; people big?; refer (country_code, region_code) -> regions (country_code, code); unique (country_code, region_code, name); check people >= 0
1 stations: id; town_id big -> towns; code words 5; name words 80; opened day; near_id big? -> stations null; height real = 0; unique (code); index (name)
1 platforms: station_id big -> stations cascade; number small; length int = 120; roofed flag = FALSE; key (station_id, number); check length > 0
1 tracks: id; station_id big; platform small?; state label Open Closed Repair; refer (station_id, platform) -> platforms (station_id, number); index (state)
1 signals: id; track_id big -> tracks cascade; colour label Red Amber Green; seen time = now
2 companies: id; parent_id big? -> companies; name words 120; founded day?; unique (name)
2 company_names: company_id big -> companies cascade; language words 2; name words 120; key (company_id, language)
2 depots: id; company_id big -> companies; station_id big? -> stations null; name words 60 = 'new'; unique (company_id, name)
2 persons: id; first_name words 60; last_name words 60; mail words 120?; born day?; photo bytes?; unique (mail); index (last_name, first_name)
2 employees: person_id big -> persons cascade; company_id big -> companies; boss_id big? -> employees person_id null; hired day; left_on day?; key (person_id); check left_on >= hired
2 contracts: id; person_id big -> employees person_id cascade; wage money; hours small = 40; kind label Fixed Open; text long; check wage > 0
2 skills: code words 20; name words 80; key (code)
2 employee_skills: person_id big -> employees person_id cascade; skill_code words 20 -> skills code; since day; key (person_id, skill_code)
3 makers: id; country_code words 2? -> countries code null; name words 80; unique (name)
3 models: id; maker_id big -> makers; name words 40; seats int; weight real?; power label Diesel Electric Steam; unique (maker_id, name)
3 vehicles: number words 12; model_id big -> models; depot_id big? -> depots null; built small; facts json?; key (number); check built > 1800
3 parts: id; code words 30; name words 80; part_of big? -> parts; unique (code)
3 vehicle_parts: vehicle_number words 12 -> vehicles number cascade; part_id big -> parts; amount int = 1; key (vehicle_number, part_id); check amount > 0
3 part_prices: part_id big -> parts cascade; valid_from day; price money; note words 40?; key (part_id, valid_from)
3 inspections: id; vehicle_number words 12 -> vehicles number; person_id big? -> employees person_id null; made time = now; result label Passed Failed; remarks long?
3 defects: id; inspection_id big -> inspections cascade; part_id big? -> parts null; severity small = 1; mended flag = FALSE; check severity IN (1, 2, 3)
4 rail_lines: id; company_id big -> companies; depot_id big? -> depots null; name words 20; colour words 7 = '#000000'; unique (company_id, name)
4 line_stations: line_id big -> rail_lines cascade; position int; station_id big -> stations; key (line_id, position); unique (line_id, station_id)
4 routes: id; line_id big -> rail_lines cascade; name words 40; back_id big? -> routes null; unique (line_id, name)
4 route_stops: route_id big -> routes cascade; position int; station_id big -> stations; minutes small = 1; key (route_id, position)
4 calendars: id; name words 40; valid_from day; valid_to day; unique (name); check valid_to >= valid_from
4 calendar_days: calendar_id big -> calendars cascade; day day; runs flag = TRUE; key (calendar_id, day)
4 trips: id; route_id big -> routes; calendar_id big -> calendars; vehicle_number words 12? -> vehicles number null; leaves time; index (leaves)
4 trip_calls: trip_id big -> trips cascade; position int; route_id big; arrives time?; leaves time?; key (trip_id, position); refer (route_id, position) -> route_stops (route_id, position)
5 zones: code words 4; name words 40; key (code)
5 fares: id; from_zone words 4 -> zones code; to_zone words 4 -> zones code; price money; reduced flag = FALSE; unique (from_zone, to_zone, reduced); check price >= 0
5 fare_zones: station_id big -> stations cascade; zone_code words 4 -> zones code cascade; key (station_id, zone_code)
5 customers: id; person_id big? -> persons null; company_id big? -> companies null; level label Bronze Silver Gold; points big = 0; check points >= 0
5 addresses: id; customer_id big -> customers cascade; town_id big -> towns; street words 120; post_code words 12; main flag = TRUE
5 cards: number words 16; customer_id big -> customers; issued day; expires day; blocked time?; key (number); check expires > issued
5 orders: id; customer_id big -> customers; placed time = now; paid flag = FALSE; remark long?; index (placed)
5 order_lines: order_id big -> orders cascade; position int; fare_id big -> fares; amount int = 1; price money; key (order_id, position); check amount > 0
5 tickets: id; order_id big; position int; card_number words 16? -> cards number null; code words 40; status label Valid Used Void; refer (order_id, position) -> order_lines (order_id, position) cascade; unique (code)
5 ticket_legs: ticket_id big -> tickets cascade; number small; trip_id big -> trips; seat words 4?; key (ticket_id, number); unique (trip_id, seat)
6 accounts: id; number words 20; name words 80; above_id big? -> accounts; kind label Asset Debt Income Expense; unique (number)
6 postings: id; debit_id big -> accounts; credit_id big -> accounts; amount money; made time = now; check debit_id <> credit_id; index (made)
6 invoices: id; order_id big -> orders; number words 20; due day; text long; unique (number)
6 invoice_lines: invoice_id big -> invoices cascade; position int; text words 200; price money; key (invoice_id, position)
6 payments: id; invoice_id big -> invoices; posting_id big? -> postings; paid time = now; amount money; way label Cash Card Bank
6 refunds: id; payment_id big -> payments; posting_id big? -> postings; reason words 200; unique (payment_id)
6 budgets: account_id big -> accounts cascade; year small; amount money; key (account_id, year); check year > 2000
7 shifts: id; depot_id big -> depots; begins time; ends time; index (depot_id, begins)
7 shift_rows: shift_id big -> shifts cascade; person_id big -> employees person_id; trip_id big? -> trips null; key (shift_id, person_id)
7 delay_causes: code words 10; name words 80; ours flag = TRUE; key (code)
7 delays: id; trip_id big; position int; cause_code words 10? -> delay_causes code null; minutes int; refer (trip_id, position) -> trip_calls (trip_id, position) cascade; check minutes > 0
7 incidents: id; station_id big? -> stations null; vehicle_number words 12? -> vehicles number null; happened time; what long; facts json?
7 incident_notes: incident_id big -> incidents cascade; number int; text long; person_id big? -> persons null; key (incident_id, number)
7 alerts: id; line_id big -> rail_lines cascade; title words 120; begins time = now; ends time?; urgency label Low High
8 documents: id; name words 200; kind words 40 = 'text/plain'; size big = 0; content bytes?; digest words 64; unique (digest)
8 document_links: document_id big -> documents cascade; incident_id big -> incidents cascade; key (document_id, incident_id)
8 settings: name words 60; value long?; key (name)
8 audit_entries: id; person_id big? -> persons null; made time = now; table_name words 60; row_key words 60; old_row json?; new_row json?; index (table_name, row_key)
8 files: id; document_id big? -> documents null; path words 200; next_id big? -> files null; unique (path)
";

/// How many tables there are in the end.
pub const COUNT: usize = 60;

/// The migrations: their names, and what each is about.
const NAMES: [&str; 12] = [
    "2020-01-01-000001_places",
    "2020-02-01-000001_people",
    "2020-03-01-000001_vehicles",
    "2020-04-01-000001_timetable",
    "2020-05-01-000001_sales",
    "2020-06-01-000001_money",
    "2020-07-01-000001_operation",
    "2020-08-01-000001_records",
    "2021-01-01-000001_main_lines",
    "2022-01-01-000001_other_names",
    "2023-01-01-000001_stricter",
    "2024-01-01-000001_lost_tickets",
];

/// A folder with all migrations for an engine.
pub fn migrations(engine: TestEngine) -> TempDir {
    let folder = folder(&[]);
    let tables: Vec<Table> = TABLES.trim().lines().map(Table::read).collect();
    for (number, name) in (1..=8).zip(NAMES) {
        let own: Vec<&Table> = tables.iter().filter(|table| table.migration == number).collect();
        let up: String = own.iter().map(|table| table.create(engine)).collect();
        let down: String = own.iter().rev().map(|table| table.drop(engine)).collect();
        write(folder.path(), (name, &up, &down));
    }
    for (name, [up, down]) in NAMES[8..].iter().zip(changes(engine, &tables)) {
        write(folder.path(), (name, &up, &down));
    }
    folder
}

struct Table {
    migration: usize,
    name: &'static str,
    items: Vec<&'static str>,
}

/// A reference: columns, the table, the columns there, what follows a deletion.
struct Reference {
    columns: String,
    to: String,
    action: &'static str,
}

impl Table {
    fn read(line: &'static str) -> Self {
        let (head, items) = line.split_once(": ").unwrap();
        let (migration, name) = head.split_once(' ').unwrap();
        Self { migration: migration.parse().unwrap(), name, items: items.split("; ").collect() }
    }

    /// The arguments of the items of this kind.
    fn items(&self, kind: &str) -> impl Iterator<Item = &'static str> {
        let kind = format!("{kind} ");
        self.items.iter().filter_map(move |item| item.strip_prefix(&kind))
    }

    /// What is no constraint: a name, and its type with what follows it.
    fn columns(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        const CONSTRAINTS: [&str; 5] = ["key", "unique", "check", "index", "refer"];
        let columns = self.items.iter().map(|item| item.split_once(' ').unwrap_or((item, "id")));
        columns.filter(|(name, _)| !CONSTRAINTS.contains(name))
    }

    fn references(&self) -> Vec<Reference> {
        let of_columns = self.columns().filter_map(|(name, rest)| {
            let mut words = rest.split_once(" -> ")?.1.split(' ');
            let table = words.next()?;
            let rest: Vec<&str> = words.collect();
            let target = rest.iter().find(|word| action(word).is_empty()).unwrap_or(&"id");
            let action = rest.last().map_or("", |last| action(last));
            Some(Reference { columns: name.to_owned(), to: format!("{table} ({target})"), action })
        });
        let several = self.items("refer").map(|text| {
            let (columns, to) = text.split_once(" -> ").unwrap();
            let (to, last) = to.split_at(to.rfind(')').unwrap() + 1);
            Reference { columns: columns.replace(['(', ')'], ""), to: to.to_owned(), action: action(last.trim()) }
        });
        of_columns.chain(several).collect()
    }

    /// The statements that create it with its enum types and indexes.
    fn create(&self, engine: TestEngine) -> String {
        let mut sql = String::new();
        for (column, rest) in self.columns().filter(|(_, rest)| rest.starts_with("label ")) {
            if engine == TestEngine::Postgres {
                sql += &format!("CREATE TYPE {}_{column} AS ENUM ({});\n", self.name, labels(rest));
            }
        }
        sql += &format!("{};\n", self.statement(engine));
        let mut indexed: Vec<String> = self.items("index").map(list).collect();
        let keys: Vec<String> = self.items("key").chain(self.items("unique")).map(list).collect();
        for Reference { columns, .. } in self.references() {
            let begins = |set: &String| set == &columns || set.starts_with(&format!("{columns}, "));
            if !keys.iter().chain(&indexed).any(begins) {
                indexed.push(columns);
            }
        }
        for columns in indexed {
            let name = format!("{}_{}_idx", self.name, columns.replace(", ", "_"));
            sql += &format!("CREATE INDEX {name} ON {} ({columns});\n", self.name);
        }
        sql
    }

    /// CREATE TABLE alone.
    fn statement(&self, engine: TestEngine) -> String {
        let mut parts: Vec<String> = self.columns().map(|(name, rest)| column(engine, self.name, name, rest)).collect();
        parts.extend(self.items("key").map(|columns| format!("PRIMARY KEY {columns}")));
        let named = |columns: &str, kind: &str| {
            format!("CONSTRAINT {}_{}_{kind}", self.name, columns.replace(", ", "_").replace(['(', ')'], ""))
        };
        parts.extend(self.items("unique").map(|columns| format!("{} UNIQUE {columns}", named(columns, "key"))));
        parts.extend(
            self.items("check").map(|condition| {
                format!("{} CHECK ({condition})", named(condition.split(' ').next().unwrap(), "check"))
            }),
        );
        parts.extend(self.references().iter().map(|Reference { columns, to, action }| {
            format!("{} FOREIGN KEY ({columns}) REFERENCES {to}{action}", named(columns, "fkey"))
        }));
        format!("CREATE TABLE {} (\n    {}\n)", self.name, parts.join(",\n    "))
    }

    fn drop(&self, engine: TestEngine) -> String {
        let mut sql = format!("DROP TABLE {};\n", self.name);
        for (column, _) in self.columns().filter(|(_, rest)| rest.starts_with("label ")) {
            if engine == TestEngine::Postgres {
                sql += &format!("DROP TYPE {}_{column};\n", self.name);
            }
        }
        sql
    }
}

fn list(columns: &str) -> String {
    columns.trim_matches(['(', ')']).to_owned()
}

/// The action after a reference, as SQL.
fn action(word: &str) -> &'static str {
    match word {
        "cascade" => " ON DELETE CASCADE",
        "null" => " ON DELETE SET NULL",
        _ => "",
    }
}

/// The labels of a type, as SQL.
fn labels(rest: &str) -> String {
    let labels = rest.split(' ').skip(1).take_while(|word| word.starts_with(char::is_uppercase));
    labels.map(|label| format!("'{}'", label.trim_end_matches('?'))).collect::<Vec<_>>().join(", ")
}

/// A column of CREATE TABLE.
fn column(engine: TestEngine, table: &str, name: &str, rest: &str) -> String {
    use TestEngine::{Mariadb, Mysql, Postgres, Sqlite};
    let declared = rest.split(" -> ").next().unwrap();
    let (declared, default) = declared.split_once(" = ").map_or((declared, None), |(own, value)| (own, Some(value)));
    let nullable = declared.ends_with('?');
    let mut words = declared.trim_end_matches('?').split(' ');
    let kind = words.next().unwrap();
    let by_engine = |sqlite: &str, postgres: &str, mysql: &str| match engine {
        Sqlite => sqlite.to_owned(),
        Postgres => postgres.to_owned(),
        Mariadb | Mysql => mysql.to_owned(),
    };
    let sql_type = match kind {
        "id" => {
            let counted = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
            return format!(
                "{name} {}",
                by_engine("INTEGER PRIMARY KEY AUTOINCREMENT", counted, "BIGINT AUTO_INCREMENT PRIMARY KEY")
            );
        }
        "big" => "BIGINT".to_owned(),
        "int" => "INTEGER".to_owned(),
        "small" => "SMALLINT".to_owned(),
        "words" => format!("VARCHAR({})", words.next().unwrap()),
        "long" => by_engine("TEXT", "TEXT", "LONGTEXT"),
        "flag" => "BOOLEAN".to_owned(),
        "real" => by_engine("DOUBLE", "DOUBLE PRECISION", "DOUBLE"),
        "money" => by_engine("NUMERIC(12, 2)", "NUMERIC(12, 2)", "DECIMAL(12, 2)"),
        "time" => by_engine("TIMESTAMP", "TIMESTAMP", "DATETIME(6)"),
        "day" => "DATE".to_owned(),
        "bytes" => by_engine("BLOB", "BYTEA", "LONGBLOB"),
        "json" => by_engine("JSON", "JSONB", "JSON"),
        "label" => by_engine("TEXT", &format!("{table}_{name}"), &format!("ENUM ({})", labels(rest))),
        other => panic!("{other} is not a type"),
    };
    let mut sql = format!("{name} {sql_type}{}", if nullable { "" } else { " NOT NULL" });
    match default {
        Some("now") => {
            sql += &by_engine(" DEFAULT CURRENT_TIMESTAMP", " DEFAULT now()", " DEFAULT CURRENT_TIMESTAMP(6)");
        }
        Some(value) => sql += &format!(" DEFAULT {value}"),
        None => {}
    }
    if kind == "label" && engine == Sqlite {
        sql += &format!(" CONSTRAINT {table}_{name}_label CHECK ({name} IN ({}))", labels(rest));
    }
    sql
}

/// The later migrations, each up and down: a reference in a cycle of tables; other names; longer, required and dropped
/// columns; another label, a view and a trigger.
fn changes(engine: TestEngine, tables: &[Table]) -> [[String; 2]; 4] {
    let rebuilt = |name: &str, from: &str, to: &str| {
        let table = tables.iter().find(|table| table.name == name).unwrap();
        [rebuild(table, from, to), rebuild(table, to, from)]
    };
    let texts = |up: &str, down: &str| [up.to_owned(), down.to_owned()];
    match engine {
        TestEngine::Sqlite => {
            let [longer, shorter] = rebuilt("part_prices", "note VARCHAR(40)", "note VARCHAR(90) NOT NULL DEFAULT ''");
            let [lost, found] = rebuilt("tickets", "'Used', 'Void'", "'Used', 'Void', 'Lost'");
            let stricter = |rebuild: &str, more: &str| format!("-- transaction: none\n{more}{rebuild}");
            [
                texts(
                    "ALTER TABLE depots ADD COLUMN main_line_id BIGINT REFERENCES rail_lines (id) ON DELETE SET NULL;
                     CREATE INDEX depots_main_line_id_idx ON depots (main_line_id);",
                    "DROP INDEX depots_main_line_id_idx; ALTER TABLE depots DROP COLUMN main_line_id;",
                ),
                texts(
                    "ALTER TABLE alerts RENAME TO warnings; ALTER TABLE warnings RENAME COLUMN title TO headline;
                     UPDATE warnings SET headline = upper(headline);",
                    "ALTER TABLE warnings RENAME COLUMN headline TO title; ALTER TABLE warnings RENAME TO alerts;",
                ),
                [
                    stricter(&longer, "UPDATE part_prices SET note = '' WHERE note IS NULL;\nALTER TABLE makers ADD COLUMN web VARCHAR(80) NOT NULL DEFAULT '';\n"),
                    stricter(&shorter, "ALTER TABLE makers DROP COLUMN web;\n"),
                ],
                [
                    stricter(&lost, "CREATE VIEW open_orders AS SELECT id, placed FROM orders WHERE NOT paid;\nCREATE TRIGGER refunds_made AFTER INSERT ON refunds BEGIN\n    UPDATE payments SET amount = amount WHERE id = NEW.payment_id;\nEND;\nCREATE INDEX orders_unpaid_idx ON orders (customer_id) WHERE NOT paid;\n"),
                    stricter(&found, "DROP INDEX orders_unpaid_idx; DROP TRIGGER refunds_made; DROP VIEW open_orders;\nDELETE FROM tickets WHERE status = 'Lost';\n"),
                ],
            ]
        }
        TestEngine::Postgres => [
            texts(
                "ALTER TABLE depots ADD COLUMN main_line_id BIGINT;
                 CREATE INDEX depots_main_line_id_idx ON depots (main_line_id);
                 ALTER TABLE depots ADD CONSTRAINT depots_main_line_id_fkey FOREIGN KEY (main_line_id) REFERENCES rail_lines (id) ON DELETE SET NULL;",
                "ALTER TABLE depots DROP COLUMN main_line_id;",
            ),
            texts(
                "ALTER TABLE alerts RENAME TO warnings; ALTER TABLE warnings RENAME COLUMN title TO headline;
                 UPDATE warnings SET headline = upper(headline);",
                "ALTER TABLE warnings RENAME COLUMN headline TO title; ALTER TABLE warnings RENAME TO alerts;",
            ),
            texts(
                "UPDATE part_prices SET note = '' WHERE note IS NULL;
                 ALTER TABLE part_prices ALTER note TYPE VARCHAR(90), ALTER note SET DEFAULT '', ALTER note SET NOT NULL;
                 ALTER TABLE makers ADD COLUMN web VARCHAR(80) NOT NULL DEFAULT '';",
                "ALTER TABLE makers DROP COLUMN web;
                 ALTER TABLE part_prices ALTER note DROP NOT NULL, ALTER note DROP DEFAULT, ALTER note TYPE VARCHAR(40);",
            ),
            texts(
                "ALTER TYPE tickets_status ADD VALUE 'Lost';
                 CREATE VIEW open_orders AS SELECT id, placed FROM orders WHERE NOT paid;
                 CREATE FUNCTION refund() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     UPDATE payments SET amount = amount WHERE id = NEW.payment_id; RETURN NULL;
                 END $$;
                 CREATE TRIGGER refunds_made AFTER INSERT ON refunds FOR EACH ROW EXECUTE FUNCTION refund();
                 CREATE INDEX orders_unpaid_idx ON orders (customer_id) WHERE NOT paid;",
                "DROP INDEX orders_unpaid_idx; DROP TRIGGER refunds_made ON refunds; DROP FUNCTION refund; DROP VIEW open_orders;
                 DELETE FROM tickets WHERE status = 'Lost';
                 ALTER TYPE tickets_status RENAME TO tickets_status_old;
                 CREATE TYPE tickets_status AS ENUM ('Valid', 'Used', 'Void');
                 ALTER TABLE tickets ALTER status TYPE tickets_status USING status::text::tickets_status;
                 DROP TYPE tickets_status_old;",
            ),
        ],
        TestEngine::Mariadb | TestEngine::Mysql => [
            texts(
                "ALTER TABLE depots ADD COLUMN main_line_id BIGINT;
                 CREATE INDEX depots_main_line_id_idx ON depots (main_line_id);
                 ALTER TABLE depots ADD CONSTRAINT depots_main_line_id_fkey FOREIGN KEY (main_line_id) REFERENCES rail_lines (id) ON DELETE SET NULL;",
                "ALTER TABLE depots DROP FOREIGN KEY depots_main_line_id_fkey; ALTER TABLE depots DROP COLUMN main_line_id;",
            ),
            texts(
                "ALTER TABLE alerts RENAME TO warnings; ALTER TABLE warnings RENAME COLUMN title TO headline;
                 UPDATE warnings SET headline = upper(headline);",
                "ALTER TABLE warnings RENAME COLUMN headline TO title; ALTER TABLE warnings RENAME TO alerts;",
            ),
            texts(
                "UPDATE part_prices SET note = '' WHERE note IS NULL;
                 ALTER TABLE part_prices MODIFY note VARCHAR(90) NOT NULL DEFAULT '';
                 ALTER TABLE makers ADD COLUMN web VARCHAR(80) NOT NULL DEFAULT '';",
                "ALTER TABLE makers DROP COLUMN web; ALTER TABLE part_prices MODIFY note VARCHAR(40);",
            ),
            texts(
                "ALTER TABLE tickets MODIFY status ENUM ('Valid', 'Used', 'Void', 'Lost') NOT NULL;
                 CREATE VIEW open_orders AS SELECT id, placed FROM orders WHERE NOT paid;
                 CREATE TRIGGER refunds_made AFTER INSERT ON refunds FOR EACH ROW
                     UPDATE payments SET amount = amount WHERE id = NEW.payment_id;
                 CREATE INDEX orders_unpaid_idx ON orders (paid, customer_id);",
                "DROP INDEX orders_unpaid_idx ON orders; DROP TRIGGER refunds_made; DROP VIEW open_orders;
                 DELETE FROM tickets WHERE status = 'Lost';
                 ALTER TABLE tickets MODIFY status ENUM ('Valid', 'Used', 'Void') NOT NULL;",
            ),
        ],
    }
}

/// SQLite's way to change a table: a new one in its place.
fn rebuild(table: &Table, from: &str, to: &str) -> String {
    let name = table.name;
    let create = table.create(TestEngine::Sqlite).replace(from, to);
    let (table, indexes) = create.split_once(");\n").map(|(table, rest)| (format!("{table});\n"), rest)).unwrap();
    let table = table.replacen(&format!("CREATE TABLE {name} "), &format!("CREATE TABLE new_{name} "), 1);
    format!(
        "PRAGMA foreign_keys = OFF;\n{table}INSERT INTO new_{name} SELECT * FROM {name};\nDROP TABLE {name};\n\
         ALTER TABLE new_{name} RENAME TO {name};\n{indexes}PRAGMA foreign_keys = ON;\n"
    )
}
