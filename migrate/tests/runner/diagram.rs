//! The schema as a picture, of every engine's own catalogue.

use diesel_migrate::schema::Schema;

use super::*;

const SHOP: &str = "CREATE TABLE customers (id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
CREATE TABLE profiles (customer_id BIGINT NOT NULL PRIMARY KEY, about TEXT,
    FOREIGN KEY (customer_id) REFERENCES customers (id));
CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id BIGINT NOT NULL, parent_id BIGINT,
    FOREIGN KEY (customer_id) REFERENCES customers (id), FOREIGN KEY (parent_id) REFERENCES orders (id))";

fn schema(script: &str) -> (Engine, Schema) {
    let empty = empty();
    let mut connection = empty.db.connection().unwrap();
    connection.batch_execute(script).unwrap();
    (connection.engine(), Schema::read(&mut connection).unwrap())
}

/// The script with its quotes as the engine writes those of names.
fn quoted(script: &str) -> String {
    let engine = empty().db.connection().unwrap().engine();
    if engine == Engine::Mysql { script.replace('"', "`") } else { script.to_owned() }
}

#[test]
fn mermaid_gets_columns_with_their_marks_and_relations_with_their_cardinalities() {
    let (engine, schema) = schema(SHOP);
    let diagram = schema.mermaid();
    let (bigint, varchar, text) = match engine {
        Engine::Sqlite => ("BIGINT", "VARCHAR(40)", "TEXT"),
        Engine::Postgres => ("bigint", "character_varying(40)", "text"),
        Engine::Mysql if diagram.contains("bigint(20)") => ("bigint(20)", "varchar(40)", "text"),
        Engine::Mysql => ("bigint", "varchar(40)", "text"),
    };
    assert_eq!(
        diagram,
        format!(
            "erDiagram
    customers {{
        {bigint} id PK
        {varchar} name UK
    }}
    orders {{
        {bigint} id PK
        {bigint} customer_id FK
        {bigint} parent_id FK \"null\"
    }}
    profiles {{
        {bigint} customer_id PK, FK
        {text} about \"null\"
    }}
    customers ||..o{{ orders : \"customer_id\"
    orders |o..o{{ orders : \"parent_id\"
    customers ||--o| profiles : \"customer_id\"
"
        )
    );
}

#[test]
fn odd_names_and_types_stay_readable_and_break_nothing() {
    let script = "CREATE TABLE \"a<b & c\" (\"the id\" INT PRIMARY KEY, \"größe\" NUMERIC(10, 2) NOT NULL);
        CREATE TABLE \"it's ; 100 #\" (\"2nd\" INT NOT NULL, FOREIGN KEY (\"2nd\") REFERENCES \"a<b & c\" (\"the id\"))";
    let (_, schema) = schema(&quoted(script));
    let (mermaid, svg) = (schema.mermaid(), schema.svg());
    assert!(mermaid.contains("\n    \"a#60;b #38; c\" {\n"), "{mermaid}");
    assert!(mermaid.contains(" the_id PK \"the id\"\n"), "{mermaid}");
    assert!(mermaid.contains("(10_2) größe \""), "{mermaid}");
    assert!(mermaid.contains("\n    \"a#60;b #38; c\" ||..o{ \"it's #59; 100 #35;\" : \"2nd\"\n"), "{mermaid}");
    assert!(svg.contains(">a&lt;b &amp; c</text>") && svg.contains(">größe</text>"), "{svg}");
    assert!(!svg.contains("a<b"));
}

#[test]
fn a_picture_has_every_table_column_and_relation_and_is_the_same_each_time() {
    let (_, schema) = schema(SHOP);
    let svg = schema.svg();
    assert_eq!(svg, schema.svg());
    assert_eq!(svg.matches("<rect class=\"box\"").count(), 3);
    assert_eq!(svg.matches("<text class=\"column\"").count(), 7);
    let relations: Vec<&str> = svg.lines().filter(|line| line.starts_with("<path class=\"relation\"")).collect();
    assert_eq!(relations.len(), 3);
    assert!(relations[0].contains("url(#one)") && relations[0].contains("url(#many)"), "{relations:?}");
    assert!(relations[1].contains("url(#perhaps-one)"), "{relations:?}");
    assert!(relations[2].contains("url(#at-most-one)"), "{relations:?}");
    assert!(svg.contains("<title>orders (customer_id) → customers (id)</title>"));
    assert!(!svg.contains("href"), "it refers to no other file");
}

#[test]
fn an_empty_database_has_an_empty_picture() {
    let (_, schema) = schema("SELECT 1");
    assert_eq!(schema.mermaid(), "erDiagram\n");
    assert_eq!(schema.svg().matches("<text").count(), 0);
}
