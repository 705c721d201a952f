//! The rows of these tests: entities that every engine's tests share.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Text};
use diesel_session::prelude::*;
use diesel_session::types::AsText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

diesel::table! {
    items (id) {
        id -> BigInt,
        name -> Text,
        price -> BigInt,
        amount -> BigInt,
        total -> BigInt,
        label -> Nullable<Text>,
        writes -> BigInt,
    }
}
diesel::table! { words (word) { word -> Text, note -> Text, letters -> BigInt } }
diesel::table! { prices (id) { id -> BigInt, cents -> BigInt, doubled -> BigInt } }

/// Its total and its label are generated columns, and triggers count its writes.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = items)]
#[entity(unique(name))]
pub struct Item {
    #[entity(key)]
    pub id: i64,
    pub name: String,
    pub price: i64,
    pub amount: i64,
    #[entity(computed)]
    pub total: i64,
    #[entity(computed)]
    pub label: Option<String>,
    #[entity(computed)]
    pub writes: i64,
}

/// The program gives its key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = words)]
pub struct Word {
    #[entity(key, given)]
    pub word: String,
    pub note: String,
    #[entity(computed)]
    pub letters: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = prices)]
#[entity(history)]
pub struct Price {
    #[entity(key)]
    pub id: i64,
    pub cents: i64,
    #[entity(computed)]
    pub doubled: i64,
}

diesel::table! { pairs (id) { id -> BigInt, other_id -> Nullable<BigInt>, alone -> Integer } }
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = pairs)]
pub struct Pair {
    #[entity(key)]
    pub id: i64,
    #[entity(references = pairs::id)]
    pub other_id: Option<i64>,
    #[entity(computed)]
    pub alone: i32,
}
diesel::table! {
    mugs (id) { id -> BigInt, name -> Text, colour -> Text, size -> Nullable<BigInt>, above_id -> Nullable<BigInt> }
}
diesel::table! { spoons (id) { id -> BigInt, mug_id -> BigInt, colour -> Text } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = mugs)]
#[entity(unique(name))]
pub struct Mug {
    #[entity(key)]
    pub id: Id<Mug>,
    pub name: String,
    #[entity(server_default)]
    pub colour: String,
    #[entity(server_default)]
    pub size: Option<i64>,
    #[entity(references = mugs::id)]
    pub above_id: Option<Id<Mug>>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = spoons)]
pub struct Spoon {
    #[entity(key)]
    pub id: Id<Spoon>,
    #[entity(references = mugs::id)]
    pub mug_id: Id<Mug>,
    #[entity(server_default)]
    pub colour: String,
}

diesel::table! { pages (id) { id -> BigInt, title -> Text, version -> Integer } }
diesel::table! { posts (id) { id -> BigInt, slug -> Text, title -> Text, version -> BigInt } }

/// The session counts its version.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = pages)]
pub struct Page {
    #[entity(key)]
    pub id: i64,
    pub title: String,
    #[entity(version)]
    pub version: i32,
}

/// A trigger counts its version.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = posts)]
#[entity(unique(slug))]
pub struct Post {
    #[entity(key)]
    pub id: i64,
    pub slug: String,
    pub title: String,
    #[entity(version, computed)]
    pub version: i64,
}

#[cfg(feature = "postgres")]
diesel::table! { memos (id) { id -> BigInt, title -> Text, xmin -> Integer } }

/// Its version is the number of the transaction that wrote it last.
#[cfg(feature = "postgres")]
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = memos)]
pub struct Memo {
    #[entity(key)]
    pub id: i64,
    pub title: String,
    #[entity(version, computed)]
    pub xmin: i32,
}

diesel::table! { tenants (id) { id -> BigInt, name -> Text } }
diesel::table! { orders (tenant_id, id) { tenant_id -> BigInt, id -> BigInt, item -> Text } }
diesel::table! { parts (id) { id -> BigInt, tenant_id -> BigInt, order_id -> BigInt } }
diesel::table! { blobs (hash) { hash -> Binary, note -> Text } }
diesel::table! { uses (id) { id -> BigInt, hash -> Binary } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tenants)]
pub struct Tenant {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = orders)]
pub struct Order {
    #[entity(key, given, references = tenants::id)]
    pub tenant_id: i64,
    #[entity(key)]
    pub id: i64,
    pub item: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = parts)]
#[entity(references((tenant_id, order_id) = orders::(tenant_id, id)))]
pub struct Part {
    #[entity(key)]
    pub id: i64,
    pub tenant_id: i64,
    pub order_id: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = blobs)]
pub struct Blob {
    #[entity(key, given)]
    pub hash: Vec<u8>,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = uses)]
pub struct Use {
    #[entity(key)]
    pub id: i64,
    #[entity(references = blobs::hash)]
    pub hash: Vec<u8>,
}

diesel::table! {
    samples (id) {
        id -> BigInt,
        flag -> Bool,
        small -> SmallInt,
        medium -> Integer,
        ratio -> Double,
        single -> Float,
        day -> Date,
        hour -> Time,
        at -> Timestamp,
        seen_at -> Timestamp,
        bytes -> Binary,
        facts -> Text,
        price -> Text,
        code -> Text,
        lasts -> BigInt,
        other_flag -> Nullable<Bool>,
        other_day -> Nullable<Date>,
        other_bytes -> Nullable<Binary>,
        other_price -> Nullable<Text>,
        other_lasts -> Nullable<BigInt>,
    }
}

/// JSON in a text column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Facts {
    pub tags: Vec<String>,
}

diesel_session::stored_as_text!(Facts, serde_json::to_string, serde_json::from_str);

/// A decimal number of any number of digits.
#[derive(Debug, Clone, PartialEq)]
pub struct Decimal(pub String);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_decimal = digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.matches('.').count() < 2;
        if is_decimal { Ok(Self(text.to_owned())) } else { Err(format!("{text:?} is not a decimal number")) }
    }
}

/// A duration, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Micros(i64);

impl From<TimeDelta> for Micros {
    fn from(duration: TimeDelta) -> Self {
        Self(duration.num_microseconds().unwrap_or(i64::MAX))
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Micros
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(value).map(Self)
    }
}

impl<DB: Backend> ToSql<BigInt, DB> for Micros
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = samples)]
pub struct Sample {
    #[entity(key)]
    pub id: i64,
    pub flag: bool,
    pub small: i16,
    pub medium: i32,
    pub ratio: f64,
    pub single: f32,
    pub day: NaiveDate,
    pub hour: NaiveTime,
    pub at: NaiveDateTime,
    pub seen_at: Timestamp,
    pub bytes: Vec<u8>,
    pub facts: Facts,
    pub price: AsText<Decimal>,
    pub code: AsText<Uuid>,
    pub lasts: Micros,
    pub other_flag: Option<bool>,
    pub other_day: Option<NaiveDate>,
    pub other_bytes: Option<Vec<u8>>,
    pub other_price: Option<AsText<Decimal>>,
    pub other_lasts: Option<Micros>,
}
