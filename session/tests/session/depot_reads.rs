//! The steps of a random walk over the depot that read: what relations and queries find is what the model has.

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::Result;
use diesel_session::relation::{Tree, children};

use crate::choices::Choices;
use crate::depot::*;
use crate::depot_model::Model;
use crate::depot_steps::Walk;
use crate::domain::Session;

/// Follows relations.
pub fn relate(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices) -> Result<()> {
    let model = &walk.model;
    match choices.of(8) {
        0 => {
            let shelves = model.shelves.some(choices);
            let found = session.children(items::shelf_id, &model.shelves.handles(&shelves))?;
            let expected = shelves.iter().map(|shelf| model.items.by_key(session, model.on_shelf(*shelf)));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        1 => {
            let shelves = model.shelves.some(choices);
            let (limit, below) = (choices.of(4), Walk::name(choices));
            let best = children(items::shelf_id).filter(items::name.lt(&below)).order(items::name.desc());
            let best = best.limit(u32::try_from(limit).unwrap());
            let found = session.load_related(&model.shelves.handles(&shelves), best)?;
            let expected = shelves.iter().map(|shelf| {
                let mut items = model.on_shelf(*shelf);
                items.retain(|item| model.items.value(*item).name < below);
                items.sort_by_key(|item| {
                    let name = std::cmp::Reverse(&model.items.value(*item).name);
                    (name, session.key(model.items.handle(*item)).unwrap())
                });
                items.truncate(limit);
                model.items.handles(&items)
            });
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        2 => {
            let items = model.items.some(choices);
            let shelves = session.parents(items::shelf_id, &model.items.handles(&items))?;
            let expected = items.iter().map(|item| Some(model.shelves.handle(model.items.value(*item).shelf?)));
            assert_eq!(shelves, expected.collect::<Vec<_>>());
            let above = session.parents(items::above_id, &model.items.handles(&items))?;
            let shown = |above: usize| (!model.items.value(above).hidden).then(|| model.items.handle(above));
            let expected = items.iter().map(|item| model.items.value(*item).above.and_then(shown));
            assert_eq!(above, expected.collect::<Vec<_>>());
        }
        3 => {
            let items = model.items.some(choices);
            let found = session.through(item_marks::item_id, item_marks::mark_code, &model.items.handles(&items))?;
            let expected = items.iter().map(|item| {
                let marks = model.links.iter().filter(|(linked, _)| linked == item).map(|(_, mark)| *mark);
                model.marks.by_key(session, marks.collect())
            });
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        4 => {
            let marks = model.marks.some(choices);
            let found = session.through(item_marks::mark_code, item_marks::item_id, &model.marks.handles(&marks))?;
            let expected = marks.iter().map(|mark| {
                let items = model.links.iter().filter(|(_, linked)| linked == mark).map(|(item, _)| *item);
                model.items.by_key(session, items.filter(|item| !model.items.value(*item).hidden).collect())
            });
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        5 => {
            let items = model.items.some(choices);
            let trees = session.load_related(&model.items.handles(&items), children(items::above_id).recursive())?;
            for (item, trees) in items.into_iter().zip(trees) {
                let found: Vec<_> = trees.iter().flat_map(Tree::walk).map(|(depth, row)| (depth, *row)).collect();
                assert_eq!(found, model.tree(session, item));
            }
        }
        6 => {
            let slots = model.slots.some(choices);
            let found = session.children((cards::shelf_id, cards::number), &model.slots.handles(&slots))?;
            let expected = slots.iter().map(|slot| {
                let cards = model.cards.filter(|card| *card == Some(*slot));
                model.cards.by_key(session, cards)
            });
            assert_eq!(found, expected.collect::<Vec<_>>());
            let found = session.children((pins::shelf_id, pins::number), &model.slots.handles(&slots))?;
            let expected = slots.iter().map(|slot| {
                let pins = model.pins.filter(|(of, ..)| of == slot);
                model.pins.by_key(session, pins)
            });
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        _ => {
            let cards = model.cards.some(choices);
            let found = session.parents((cards::shelf_id, cards::number), &model.cards.handles(&cards))?;
            let expected = cards.iter().map(|card| model.cards.value(*card).map(|slot| model.slots.handle(slot)));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// Reads rows: by keys, by queries and by their handles.
pub fn read(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices) -> Result<()> {
    let model = &walk.model;
    match choices.of(5) {
        0 => {
            let found = session.query(Item::query().order(items::id)).all()?;
            assert_eq!(found, model.items.by_key(session, model.items.filter(|item| !item.hidden)));
        }
        1 => {
            let query = Item::query().order(items::id);
            let found = session.without_filter(Item::LIVE, |session| session.query(query).all())?;
            assert_eq!(found, model.items.by_key(session, model.items.alive()));
        }
        2 => {
            session.flush()?;
            let items = model.items.some(choices);
            let keys = items.iter().map(|item| session.key(model.items.handle(*item))).collect::<Result<Vec<_>>>()?;
            let shown = |item: &usize| (!model.items.value(*item).hidden).then(|| model.items.handle(*item));
            let expected: Vec<_> = items.iter().map(shown).collect();
            if choices.yes() {
                assert_eq!(session.get_many::<Item>(&keys)?, expected);
            }
            for (key, expected) in keys.into_iter().zip(expected) {
                assert_eq!(session.get::<Item>(key)?, expected);
            }
        }
        3 => {
            // It drops changes.
            session.flush()?;
            session.expire_all();
        }
        _ => {
            session.flush()?;
            check(session, model)?;
        }
    }
    Ok(())
}

/// Each row shows what the model has.
pub fn check(session: &mut Session<'_>, model: &Model) -> Result<()> {
    for shelf in model.shelves.alive() {
        assert_eq!(&session.view(model.shelves.handle(shelf))?.label, model.shelves.value(shelf));
    }
    for item in model.items.alive() {
        let row = session.view(model.items.handle(item))?.clone();
        assert_eq!((row.shelf_id, row.above_id, row.name, row.hidden), model.item(session, item));
    }
    for mark in model.marks.alive() {
        let row = session.view(model.marks.handle(mark))?;
        assert_eq!((row.code, row.note.clone()), *model.marks.value(mark));
    }
    for slot in model.slots.alive() {
        let value = model.slots.value(slot);
        let key = (session.key(model.shelves.handle(value.shelf))?, value.number);
        assert_eq!(session.key(model.slots.handle(slot))?, key);
    }
    for pin in model.pins.alive() {
        let (slot, number, colour) = model.pins.value(pin);
        let (shelf, slot) = session.key(model.slots.handle(*slot))?;
        assert_eq!(session.key(model.pins.handle(pin))?, (*number, shelf, slot));
        assert_eq!(session.view(model.pins.handle(pin))?.colour, *colour);
    }
    for card in model.cards.alive() {
        let row = session.view(model.cards.handle(card))?;
        let found = row.shelf_id.zip(row.number);
        let slot = *model.cards.value(card);
        assert_eq!(found, slot.map(|slot| session.key(model.slots.handle(slot))).transpose()?);
    }
    Ok(())
}
