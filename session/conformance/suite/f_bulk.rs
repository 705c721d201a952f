//! Many rows at once, by keys of several columns too: no statement outgrows the engine (49, 54, 58, 93).

use diesel::HasQuery as _;
use diesel_session::{Handle, Result};

use super::domain::*;
use super::trees::*;

/// More rows than one SQLite expression may contain, and enough for several statements on any engine.
const MANY: i64 = 1_500;

/// Enough rows to make quadratic growth noticeable.
const FAR_MORE: i64 = 5_000;

/// Adds a tree of nodes in which every node has two children.
fn grow(session: &mut Session<'_>, rows: i64) -> Result<Vec<Handle<Node>>> {
    let above = |number| if number > 1 { Some(number / 2) } else { None };
    (1..=rows)
        .map(|number| Ok(session.add(NewNode { above: above(number).into(), ..NewNode::new(number % 7, number)? })))
        .collect()
}

pub fn b058_many_rows_of_a_tree_with_a_key_of_two_columns_go_through_every_statement() -> Result<()> {
    let (library, mut session, _recorder) = planted();
    let nodes = grow(&mut session, MANY)?;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes"), MANY.to_string());
    session.expire_all();
    session.load(&nodes)?;
    for node in &nodes {
        session.edit(*node)?.above = None;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes WHERE above IS NULL"), MANY.to_string());
    for node in &nodes {
        session.delete(*node)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes"), "0");
    Ok(())
}

pub fn b058_the_time_of_many_rows_grows_with_their_number_and_no_faster() -> Result<()> {
    let (library, mut session, _recorder) = planted();
    // All keys begin alike: an index used only by its first column finds every row for each of them.
    let nodes: Vec<Handle<Node>> =
        (1..=FAR_MORE).map(|number| Ok(session.add(NewNode::new(7, number)?))).collect::<Result<_>>()?;
    session.commit()?;
    session.load(&nodes)?;
    for node in &nodes[1..] {
        session.edit(*node)?.above = Some(1);
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes WHERE above = 1"), (FAR_MORE - 1).to_string());
    let parents = session.parents(nodes::above, &nodes)?;
    assert!(parents[1..].iter().all(|parent| *parent == Some(nodes[0])));
    session.expire_all();
    for node in nodes {
        session.delete(node)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes"), "0");
    Ok(())
}

pub fn b058_rows_with_long_values_are_fewer_a_statement() -> Result<()> {
    let (library, mut session, recorder) = open();
    let sent = |word: &str| recorder.sql().iter().filter(|sql| sql.starts_with(word)).count();
    let places: Vec<Handle<Place>> =
        (1..=32).map(|number| Ok(session.add(NewPlace::new(9, number, "x".repeat(60_000))?))).collect::<Result<_>>()?;
    session.flush()?;
    assert_eq!(sent("INSERT INTO places"), 4);
    for place in &places {
        session.edit(*place)?.label = "y".repeat(60_000);
    }
    session.commit()?;
    assert_eq!(sent("UPDATE places"), if library.engine() == Engine::Postgres { 1 } else { 4 });
    assert_eq!(library.see("SELECT SUM(LENGTH(label)) FROM places WHERE room = 9 AND label LIKE 'y%'"), "1920000");
    Ok(())
}

pub fn b049_a_tree_with_a_key_of_two_columns_is_deleted_layer_by_layer() -> Result<()> {
    let (library, mut session, _recorder) = planted();
    let nodes = grow(&mut session, MANY)?;
    session.commit()?;
    session.load(&nodes)?;
    for node in &nodes {
        session.delete(*node)?;
    }
    assert_eq!(session.plan()?.steps().len(), 11, "one step a layer");
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes"), "0");
    Ok(())
}

pub fn b049_a_tree_with_a_key_of_two_columns_whose_values_are_not_in_memory_is_deleted() -> Result<()> {
    let (library, mut session, _recorder) = planted();
    let nodes = grow(&mut session, MANY)?;
    session.commit()?;
    session.expire_all();
    for node in &nodes {
        session.delete(*node)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes"), "0");
    Ok(())
}

pub fn b058_a_tree_with_versions_is_deleted_whatever_its_size() -> Result<()> {
    let (library, mut session, _recorder) = planted();
    let limbs: Vec<Handle<Limb>> = (0..MANY).map(|_| Ok(session.add(NewLimb::new()?))).collect::<Result<_>>()?;
    session.flush()?;
    let key = session.key(limbs[0]).ok();
    for limb in &limbs[1..] {
        session.edit(*limb)?.parent_id = key;
    }
    session.commit()?;
    session.load(&limbs)?;
    session.expire(limbs[0])?;
    session.expire(limbs[5])?;
    for limb in limbs {
        session.delete(limb)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM limbs"), "0");
    Ok(())
}

pub fn b058_rows_by_keys_of_two_columns_are_named_once_a_statement() -> Result<()> {
    let (library, mut session, recorder) = open();
    let places = session.query(Place::query()).all()?;
    recorder.take();
    for place in places {
        session.delete(place)?;
    }
    session.flush()?;
    let plain = "DELETE FROM places WHERE (room, number) IN ((?, ?), (?, ?))";
    let listed = "DELETE FROM places WHERE (room, number) IN (SELECT * FROM (VALUES (?, ?), (?, ?)) AS v)";
    assert_eq!(recorder.sql(), [if library.engine().lists_rows() { listed } else { plain }]);
    Ok(())
}

pub fn b049_a_long_chain_is_deleted_from_its_end() -> Result<()> {
    let (library, mut session, recorder) = planted();
    let nodes: Vec<Handle<Node>> = (1..=MANY)
        .map(|number| {
            let above = Some(number - 1).filter(|above| *above > 0);
            Ok(session.add(NewNode { above: above.into(), ..NewNode::new(1, number)? }))
        })
        .collect::<Result<_>>()?;
    session.commit()?;
    session.load(&nodes)?;
    recorder.take();
    for node in nodes {
        session.delete(node)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM nodes"), "0");
    let first = recorder.take().into_iter().find(|sent| sent.sql.starts_with("DELETE")).unwrap();
    assert_eq!(first.binds, format!("[1, {MANY}]"));
    Ok(())
}

pub fn b049_rows_are_deleted_children_first_by_a_unique_column_outside_the_key() -> Result<()> {
    let (library, mut session, recorder) = planted();
    library.elsewhere("INSERT INTO parts (id, code, parent_code) VALUES (1, 70, NULL), (2, 60, 70), (3, 50, 60)");
    let parts = session.query(Part::query()).all()?;
    recorder.take();
    for part in parts {
        session.delete(part)?;
    }
    session.flush()?;
    let binds: Vec<String> = recorder.take().into_iter().map(|sent| sent.binds).collect();
    assert_eq!(binds, ["[3]", "[2]", "[1]"]);
    Ok(())
}

pub fn b049_rows_whose_values_are_not_in_memory_are_deleted_in_an_order_that_works() -> Result<()> {
    let (library, mut session, _recorder) = planted();
    library.elsewhere(
        "INSERT INTO parts (id, code, parent_code) VALUES (1, 70, NULL), (2, 60, 70), (3, 50, 60), (4, 40, 50), (5, 30, 40)",
    );
    let parts = session.query(Part::query()).all()?;
    // The middle one and the last: the values of the others do not determine their order.
    session.expire(parts[2])?;
    session.expire(parts[4])?;
    for part in parts {
        session.delete(part)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM parts"), "0");
    Ok(())
}
