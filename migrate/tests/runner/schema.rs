//! Reading the schema: everything that the scripts say is there, and nothing else.

use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel_migrate::schema::{Action, Deferrable, Generated, Index, Schema, Table};

use super::*;
use crate::everything;

const EVERYTHING: &str = "2026-01-01-000001_everything";

fn read() -> (Engine, Schema) {
    let empty = empty();
    let engine = empty.db.connection().unwrap().engine();
    let folder = folder(&[(EVERYTHING, everything::up(engine), everything::down(engine))]);
    empty.db.migrate(&shop(&folder)).unwrap();
    let schema = Schema::read(&mut empty.db.connection().unwrap()).unwrap();
    (engine, schema)
}

fn index<'t>(table: &'t Table, name: &str) -> &'t Index {
    table.indexes.iter().find(|index| index.name == name).unwrap()
}

#[test]
fn a_schema_has_the_tables_without_those_of_the_migrations() {
    let (engine, schema) = read();
    let names: Vec<_> = schema.tables.iter().map(|table| &*table.name).collect();
    assert_eq!(names, ["items", "settings", "shops"]);
    let columns: Vec<_> = schema.table("items").unwrap().columns.iter().map(|column| &*column.name).collect();
    assert_eq!((columns[0], columns.last().unwrap()), ("shop_id", &"next_code"), "{columns:?}");
    let enums: Vec<_> = schema.enums.iter().map(|found| (&*found.name, found.labels.join(", "))).collect();
    match engine {
        Engine::Postgres => assert_eq!(enums, [("kind", "small, it's big".to_owned())]),
        _ => assert!(enums.is_empty()),
    }
    let empty = self::empty();
    assert_eq!(Schema::read(&mut empty.db.connection().unwrap()).unwrap(), Schema::default());
}

#[test]
fn a_column_has_its_type_nullability_default_and_source() {
    let (engine, schema) = read();
    let (shops, items) = (schema.table("shops").unwrap(), schema.table("items").unwrap());
    let column = |name: &str| shops.column(name).or_else(|| items.column(name)).unwrap();
    let (kind, opened, size, half, name_type, collation, id) = match engine {
        Engine::Sqlite => {
            ("'small'", "CURRENT_TIMESTAMP", "1 + 2.5", "price / 2", "VARCHAR(40)", "NOCASE", Generated::AutoIncrement)
        }
        Engine::Postgres => (
            "'small'::kind",
            "now()",
            "((1)::numeric + 2.5)",
            "(price / (2)::double precision)",
            "character varying(40)",
            "C",
            Generated::Serial,
        ),
        Engine::Mysql => (
            "'small'",
            "CURRENT_TIMESTAMP(6)",
            "'2.50'",
            "(`price` / 2)",
            "varchar(40)",
            "utf8mb4_bin",
            Generated::AutoIncrement,
        ),
    };
    assert_eq!(column("kind").default.as_deref(), Some(kind));
    assert!(column("opened").default.as_deref().unwrap().eq_ignore_ascii_case(opened));
    assert_eq!(column("size").default.as_deref().map(|text| text.trim_matches('\'')), Some(size.trim_matches('\'')));
    let computed = column("half").generated.as_ref().unwrap();
    assert_eq!(computed.expression().map(|text| text.replace(['(', ')'], "")), Some(half.replace(['(', ')'], "")));
    assert_eq!(matches!(computed, Generated::Virtual(_)), engine == Engine::Sqlite);
    assert_eq!(column("name").sql_type, name_type);
    assert_eq!(column("name").collation.as_deref(), Some(collation));
    assert_eq!((column("id").generated.as_ref(), column("id").default.as_ref()), (Some(&id), None));
    assert_eq!((column("title").nullable, column("title").default.as_ref()), (true, None));
    assert!(!column("price").nullable && !column("id").nullable);
    assert_eq!(column("title").collation, None);
    if engine == Engine::Mysql {
        let changed = column("opened").on_update.as_deref().map(str::to_ascii_uppercase);
        assert_eq!(changed.as_deref(), Some("CURRENT_TIMESTAMP(6)"));
        assert_eq!(column("kind").sql_type, "enum('small','it''s big')");
        assert_eq!(column("motto").default.as_deref(), Some("'it''s \\\\ open'"));
    }
}

#[test]
fn keys_checks_and_foreign_keys_have_their_columns_and_actions() {
    let (engine, schema) = read();
    let (shops, items) = (schema.table("shops").unwrap(), schema.table("items").unwrap());
    assert_eq!(items.primary_key.as_ref().unwrap().columns, ["shop_id", "code"]);
    assert_eq!(shops.unique_sets(), [["name"]]);
    assert_eq!(items.unique_sets(), [["title", "price"]]);
    let [next, in_shop] = &items.foreign_keys[..] else { panic!("{:?}", items.foreign_keys) };
    assert_eq!(
        (&*in_shop.table, &*in_shop.columns, &*in_shop.references),
        ("shops", &["shop_id".to_owned()][..], &["id".to_owned()][..])
    );
    assert_eq!((in_shop.on_delete, in_shop.on_update), (Action::Cascade, Action::Cascade));
    assert_eq!((next.columns.len(), next.references.join(" ")), (2, "shop_id code".to_owned()));
    assert_eq!(
        (next.name.as_deref(), next.on_delete, next.on_update),
        (Some("next"), Action::SetNull, Action::NoAction)
    );
    let deferred = if engine == Engine::Mysql { Deferrable::No } else { Deferrable::Deferred };
    assert_eq!(next.deferrable, deferred);
    let conditions: Vec<_> = shops.checks.iter().map(|check| check.expression.replace(['`', '(', ')'], "")).collect();
    assert!(conditions.iter().any(|condition| condition.starts_with("size > ")), "{conditions:?}");
    assert!(conditions.len() >= 2, "{conditions:?}");
    assert!(items.checks.is_empty());
}

#[test]
fn an_index_has_its_parts_and_its_condition() {
    let (engine, schema) = read();
    let items = schema.table("items").unwrap();
    let read = Schema::table(&schema, "items").unwrap().indexes.iter().map(|index| &*index.name).collect::<Vec<_>>();
    if engine == Engine::Mysql {
        assert_eq!(read, ["items_by_story", "items_words", "next", "title"]);
        let by_story = index(items, "items_by_story");
        assert_eq!(by_story.parts[0].sql, "`story`(20)");
        assert_eq!(by_story.plain_columns(), None);
        assert_eq!(index(items, "title").plain_columns(), Some(vec!["title", "price"]));
        return;
    }
    assert_eq!(read, ["items_by_title", "items_by_upper"]);
    let by_title = index(items, "items_by_title");
    assert_eq!((by_title.unique, by_title.plain_columns()), (false, Some(vec!["title", "price"])));
    assert!(by_title.sql.contains("DESC"), "{}", by_title.sql);
    let by_upper = index(items, "items_by_upper");
    assert_eq!((by_upper.unique, by_upper.predicate.as_deref()), (true, Some("sold")));
    assert_eq!(by_upper.plain_columns(), None);
}

#[test]
fn views_and_triggers_have_the_statements_that_create_them() {
    let (_, schema) = read();
    let [view] = &schema.views[..] else { panic!("{:?}", schema.views) };
    assert_eq!(view.name, "sold_items");
    assert!(view.sql.to_lowercase().starts_with("create view"), "{}", view.sql);
    let [trigger] = &schema.triggers[..] else { panic!("{:?}", schema.triggers) };
    assert_eq!((&*trigger.name, &*trigger.table), ("items_sold", "items"));
    assert!(trigger.sql.starts_with("CREATE TRIGGER"), "{}", trigger.sql);
}

#[test]
fn reading_the_schema_takes_a_constant_number_of_selects_and_nothing_else() {
    let empty = empty();
    let mut connection = empty.db.connection().unwrap();
    let mut numbers = Vec::new();
    for script in
        ["CREATE TABLE a (id INT)", "CREATE TABLE b (id INT); CREATE TABLE c (id INT); CREATE TABLE d (id INT)"]
    {
        connection.batch_execute(script).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let statements = heard.clone();
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                statements.lock().unwrap().push(query.to_string());
            }
        });
        Schema::read(&mut connection).unwrap();
        let heard = heard.lock().unwrap();
        assert!(heard.iter().all(|statement| statement.starts_with("SELECT")), "{heard:?}");
        numbers.push(heard.len());
    }
    assert!(numbers[0] == numbers[1] && numbers[0] <= 7, "{numbers:?}");
}
