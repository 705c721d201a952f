//! Keys of bytes, and keys of several columns of which the database generates one (143).

use std::collections::HashSet;

use diesel_session::connection::Engine;
use diesel_session::prelude::*;

use crate::rows::{Blob, NewBlob, NewOrder, NewPart, NewTenant, NewUse, Order, Part, Use, uses};

use super::{counted, database, own};

/// SQLite counts a key in a column alone: there, the column is the table's own key, and the other is only part of the
/// entity's.
fn tables(engine: Engine) -> String {
    let key = counted(engine);
    let orders = match engine {
        Engine::Sqlite => {
            "id INTEGER PRIMARY KEY AUTOINCREMENT, tenant_id BIGINT NOT NULL, item TEXT NOT NULL, UNIQUE (tenant_id, id)"
        }
        Engine::Postgres => {
            "tenant_id BIGINT NOT NULL, id BIGSERIAL NOT NULL, item TEXT NOT NULL, PRIMARY KEY (tenant_id, id)"
        }
        Engine::Mysql => {
            "tenant_id BIGINT NOT NULL, id BIGINT NOT NULL AUTO_INCREMENT, item TEXT NOT NULL, PRIMARY KEY (tenant_id, id),
             KEY (id)"
        }
    };
    let bytes = match engine {
        Engine::Sqlite => "BLOB",
        Engine::Postgres => "BYTEA",
        Engine::Mysql => "VARBINARY(40)",
    };
    format!(
        "CREATE TABLE tenants (id {key}, name TEXT NOT NULL);
         CREATE TABLE orders ({orders}, FOREIGN KEY (tenant_id) REFERENCES tenants (id));
         CREATE TABLE parts (id {key}, tenant_id BIGINT NOT NULL, order_id BIGINT NOT NULL,
            FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id));
         CREATE TABLE blobs (hash {bytes} NOT NULL PRIMARY KEY, note VARCHAR(40) NOT NULL);
         CREATE TABLE uses (id {key}, hash {bytes} NOT NULL, FOREIGN KEY (hash) REFERENCES blobs (hash))"
    )
}

#[test]
fn b143_the_database_generates_one_column_of_a_key() -> Result<()> {
    let (db, recorder) = database(tables);
    db.begin(|session| -> Result<()> {
        let tenants = [session.add(NewTenant::new("one")?), session.add(NewTenant::new("two")?)];
        let orders: Vec<Handle<Order>> = (0..250)
            .map(|number| Ok(session.add(NewOrder::new(tenants[number % 2], format!("item {number}"))?)))
            .collect::<Result<_>>()?;
        let parts: Vec<Handle<Part>> =
            orders.iter().take(3).map(|order| Ok(session.add(NewPart::new(*order)?))).collect::<Result<_>>()?;
        session.flush()?;
        let inserts = recorder.sql().iter().filter(|sql| sql.starts_with("INSERT INTO orders")).count();
        assert_eq!(inserts, if own() == Engine::Sqlite { 3 } else { 1 });
        let keys: Vec<(i64, i64)> = orders.iter().map(|order| session.key(*order)).collect::<Result<_>>()?;
        assert_eq!(keys.iter().map(|(_, id)| *id).collect::<HashSet<_>>().len(), keys.len());
        for (part, key) in parts.iter().zip(&keys) {
            let row = session.row(*part)?;
            assert_eq!((row.tenant_id, row.order_id), *key);
        }
        parts.into_iter().try_for_each(|part| session.delete(part))?;
        session.flush()?;
        session.clear()?;
        for (number, key) in keys.iter().enumerate() {
            let order = session.get_one::<Order>(*key)?;
            assert_eq!(session.row(order)?.item, format!("item {number}"));
            session.edit(order)?.item = format!("new item {number}");
        }
        assert_eq!(session.get::<Order>((keys[0].0 + 1, keys[0].1))?, None);
        session.flush()?;
        for (number, key) in keys.iter().enumerate() {
            let order = session.get_one::<Order>(*key)?;
            session.refresh(order)?;
            assert_eq!(session.row(order)?.item, format!("new item {number}"));
            session.delete(order)?;
        }
        session.flush()?;
        assert_eq!(session.query(Order::query()).count()?, 0);
        Ok(())
    })
}

#[test]
fn b143_a_row_may_give_the_column_that_the_database_generates() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let tenant = session.add(NewTenant::new("one")?);
        let given = session.add(NewOrder { id: Some(70), ..NewOrder::new(tenant, "given")? });
        let other = session.add(NewOrder::new(tenant, "generated")?);
        session.flush()?;
        let tenant = session.key(tenant)?;
        assert_eq!(session.key(given)?, (tenant, 70));
        assert_ne!(session.key(other)?, (tenant, 70));
        assert_eq!(session.get::<Order>((tenant, 70))?, Some(given));
        // A pending row whose key is not known yet does not make a reload flush.
        session.add(NewOrder::new(tenant, "pending")?);
        session.expire(given)?;
        session.view(given)?;
        assert_eq!(session.pending::<Order>().len(), 1);
        Ok(())
    })
}

#[test]
fn b143_a_key_of_bytes_finds_updates_and_relates_its_row() -> Result<()> {
    let (db, _) = database(tables);
    db.begin(|session| -> Result<()> {
        let hash = |number: u8| vec![0xff, 0, number, b'\''];
        let blobs: Vec<Handle<Blob>> =
            (0..150).map(|number| Ok(session.add(NewBlob::new(hash(number), "new")?))).collect::<Result<_>>()?;
        let user = session.add(NewUse::new(blobs[3])?);
        session.flush()?;
        assert_eq!(session.row(user)?.hash, hash(3));
        for blob in &blobs {
            session.edit(*blob)?.note = "changed".to_owned();
        }
        session.flush()?;
        session.clear()?;
        let keys: Vec<Vec<u8>> = (0..150).map(hash).collect();
        assert!(session.get_many::<Blob>(&keys)?.iter().all(Option::is_some));
        let blob = session.get_one::<Blob>(hash(3))?;
        assert_eq!(session.row(blob)?.note, "changed");
        let user = session.query(Use::query()).one()?;
        assert_eq!(session.parents(uses::hash, &[user])?, [Some(blob)]);
        let refused = session.nested(|session| {
            session.delete(blob)?;
            session.flush()
        });
        assert!(refused.unwrap_err().is_foreign_key());
        Ok(())
    })
}
