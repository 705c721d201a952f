//! Types that only one engine has: a database on PostgreSQL's own connection, with a UUID that the program makes as the
//! key, JSON, and a list of texts.
//!
//! ```sh
//! cargo run --example own_types --features postgres -- postgres://app@localhost/app
//! ```

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

diesel::table! {
    devices (id) { id -> Uuid, name -> Text, settings -> Jsonb, tags -> Array<Text> }
}

// `check_for_backend` tells Diesel not to ask the other engines for these types.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = devices, check_for_backend(diesel::pg::Pg))]
pub struct Device {
    #[entity(key, given)]
    pub id: Uuid,
    pub name: Text256,
    pub settings: Value,
    pub tags: Vec<String>,
}

fn main() -> Result<()> {
    let url = std::env::args().nth(1);
    run(url.as_deref().unwrap_or("postgres://localhost/devices"))
}

pub fn run(url: &str) -> Result<()> {
    // With `Database::open` the URL chooses the engine; here the type does, and the entities may use what it has.
    let db = Database::<PgConnection>::open_with(url, Options::default().access(Access::Create))?;
    db.connection()?.batch_execute(
        "CREATE TABLE devices
             (id UUID PRIMARY KEY, name VARCHAR(256) NOT NULL, settings JSONB NOT NULL, tags TEXT[] NOT NULL)",
    )?;
    let (lamp, door) = (Uuid::from_u128(1), Uuid::from_u128(2));
    db.begin(|session| -> Result<()> {
        session.add(NewDevice::new(lamp, "Lamp", json!({ "brightness": 40 }), vec!["kitchen".to_owned()])?);
        let tags = vec!["hall".to_owned(), "entry".to_owned()];
        session.add(NewDevice::new(door, "Door", json!({ "locked": true }), tags)?);
        Ok(())
    })?;

    // JSON is changed in place like any other value; the flush compares it with what was read.
    db.begin(|session| -> Result<()> {
        let lamp = session.get_one::<Device>(lamp)?;
        session.edit(lamp)?.settings["brightness"] = json!(80); // UPDATE devices SET settings
        Ok(())
    })?;

    // Queries use what PostgreSQL can do: here its `@>`.
    db.read(|session| -> Result<()> {
        let bright = Device::query().filter(devices::settings.contains(json!({ "brightness": 80 })));
        let entry = Device::query().filter(devices::tags.contains(vec!["entry"]));
        for (found, id) in [(session.query(bright).one()?, lamp), (session.query(entry).one()?, door)] {
            let device = session.row(found)?;
            assert_eq!(device.id, id);
            println!("{}: {} {:?}", device.name, device.settings, device.tags);
        }
        Ok(())
    })
}
