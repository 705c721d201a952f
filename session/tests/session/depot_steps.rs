//! The steps of a random walk over the depot that change rows: a session and the model take each together.

use diesel_session::session::history::UnitId;
use diesel_session::session::{Persist, Ref, Upserted};
use diesel_session::types::Timestamp;
use diesel_session::{Handle, Result, State};

use crate::choices::Choices;
use crate::depot::*;
use crate::depot_model::*;
use crate::domain::{C, Session};

/// What a walk knows.
#[derive(Default)]
pub struct Walk {
    pub model: Model,
    pub committed: Model,
    /// The model at these times.
    pub past: Vec<(Timestamp, Model)>,
    /// Numbers that were not used before.
    next: i64,
    /// Whether a slot has a number that no flush has sent.
    pub renumbered: bool,
    /// The last unit that was committed, and the model before it.
    pub last: Option<(UnitId, Model)>,
}

impl Walk {
    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// A name that others may have too.
    pub fn name(choices: &mut Choices) -> String {
        format!("{:03}", choices.of(40))
    }

    /// A label that no shelf has, perhaps that of a shelf that was deleted.
    fn label(&mut self, choices: &mut Choices) -> String {
        let label = format!("shelf {}", choices.of(6));
        let is_free = self.model.shelves.filter(|other| *other == label).is_empty();
        if is_free { label } else { format!("shelf of {}", self.number()) }
    }
}

/// Puts new rows into the depot.
pub fn add(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices) -> Result<()> {
    match choices.of(7) {
        0 => {
            let label = walk.label(choices);
            walk.model.shelves.push(session.add(NewShelf::new(label.clone())?), label);
        }
        1 | 2 => {
            let (name, model) = (Walk::name(choices), &mut walk.model);
            let (shelf, above) = (model.shelves.maybe(choices), model.items.maybe(choices));
            let shelf_id = Ref::optional(shelf.map(|shelf| model.shelves.handle(shelf)));
            let above_id = Ref::optional(above.map(|above| model.items.handle(above)));
            let item = session.add(NewItem { shelf_id, above_id, ..NewItem::new(name.clone())? });
            model.items.push(item, ItemValue { shelf, above, name, hidden: false });
        }
        3 => {
            let (code, note) = (100 + walk.number(), Walk::name(choices));
            walk.model.marks.push(session.add(NewMark::new(code, note.clone())?), (code, note));
        }
        4 => {
            let Some(shelf) = walk.model.shelves.one(choices) else { return Ok(()) };
            let (number, handle) = (walk.number(), walk.model.shelves.handle(shelf));
            let slot = session.add(NewSlot::new(handle, number, "slot")?);
            walk.model.slots.push(slot, SlotValue { shelf, number });
        }
        5 => {
            flush_numbers(session, walk)?;
            let Some(slot) = walk.model.slots.one(choices) else { return Ok(()) };
            let (pin, colour, handle) = (walk.number(), Walk::name(choices), walk.model.slots.handle(slot));
            let handle = session.add(NewPin::new(pin, handle, colour.clone())?);
            walk.model.pins.push(handle, (slot, pin, colour));
        }
        _ => {
            flush_numbers(session, walk)?;
            let slot = walk.model.slots.maybe(choices);
            let handle = slot.map(|slot| walk.model.slots.handle(slot));
            let new = NewCard::new("card")?;
            let new = match handle {
                Some(handle) => NewCard { shelf_id: handle.into(), number: handle.into(), ..new },
                None => new,
            };
            walk.model.cards.push(session.add(new), slot);
        }
    }
    Ok(())
}

/// A row cannot go to a slot in the flush that gives the slot its number, if the row was there before.
fn flush_numbers(session: &mut Session<'_>, walk: &mut Walk) -> Result<()> {
    if std::mem::take(&mut walk.renumbered) { session.flush() } else { Ok(()) }
}

/// Changes rows, by their fields and by handles of others.
pub fn change(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices) -> Result<()> {
    match choices.of(7) {
        0 => {
            let Some(item) = walk.model.items.one(choices) else { return Ok(()) };
            let name = Walk::name(choices);
            edit(
                session,
                walk.model.items.handle(item),
                |row| row.name.clone_from(&name),
                |new| {
                    new.name.clone_from(&name);
                },
            )?;
            walk.model.items.value_mut(item).name = name;
        }
        1 => {
            let Some(item) = walk.model.items.one(choices) else { return Ok(()) };
            let shelf = walk.model.shelves.maybe(choices);
            let to = Ref::optional(shelf.map(|shelf| walk.model.shelves.handle(shelf)));
            session.set_parent(items::shelf_id, walk.model.items.handle(item), to)?;
            walk.model.items.value_mut(item).shelf = shelf;
        }
        2 => {
            let Some(item) = walk.model.items.one(choices) else { return Ok(()) };
            let above = walk.model.items.maybe(choices);
            let to = Ref::optional(above.map(|above| walk.model.items.handle(above)));
            session.set_parent(items::above_id, walk.model.items.handle(item), to)?;
            walk.model.items.value_mut(item).above = above;
        }
        3 => {
            let Some(shelf) = walk.model.shelves.one(choices) else { return Ok(()) };
            let label = format!("shelf of {}", walk.number());
            edit(
                session,
                walk.model.shelves.handle(shelf),
                |row| row.label.clone_from(&label),
                |new| {
                    new.label.clone_from(&label);
                },
            )?;
            *walk.model.shelves.value_mut(shelf) = label;
        }
        4 => {
            let Some(slot) = walk.model.slots.one(choices) else { return Ok(()) };
            session.flush()?;
            let number = walk.number();
            session.edit(walk.model.slots.handle(slot))?.number = number;
            walk.model.slots.value_mut(slot).number = number;
            walk.renumbered = true;
        }
        5 => {
            let Some(pin) = walk.model.pins.one(choices) else { return Ok(()) };
            let colour = Walk::name(choices);
            edit(
                session,
                walk.model.pins.handle(pin),
                |row| row.colour.clone_from(&colour),
                |new| {
                    new.colour.clone_from(&colour);
                },
            )?;
            walk.model.pins.value_mut(pin).2 = colour;
        }
        _ => {
            let Some(card) = walk.model.cards.one(choices) else { return Ok(()) };
            flush_numbers(session, walk)?;
            let slot = walk.model.slots.maybe(choices);
            let (handle, to) = (walk.model.cards.handle(card), slot.map(|slot| walk.model.slots.handle(slot)));
            session.set_parent(cards::shelf_id, handle, Ref::optional(to))?;
            session.set_parent(cards::number, handle, Ref::optional(to))?;
            *walk.model.cards.value_mut(card) = slot;
        }
    }
    Ok(())
}

/// Changes a row, whether it is in the database or not.
fn edit<E: Persist<C>>(
    session: &mut Session<'_>,
    handle: Handle<E>,
    change: impl FnOnce(&mut E),
    change_new: impl FnOnce(&mut E::New),
) -> Result<()> {
    if session.state(handle)? == State::Pending {
        change_new(session.pending_mut(handle)?);
    } else {
        change(session.edit(handle)?);
    }
    Ok(())
}

/// Deletes rows, softly and for good; a row that was not sent is flushed first.
pub fn delete(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices) -> Result<()> {
    let model = &mut walk.model;
    match choices.of(6) {
        0 | 1 => {
            let Some(item) = model.items.one(choices) else { return Ok(()) };
            if session.state(model.items.handle(item))? == State::Pending {
                session.flush()?;
            }
            session.delete(model.items.handle(item))?;
            model.items.value_mut(item).hidden = true;
        }
        2 => {
            let Some(stack) = model.items.one(choices).and_then(|item| model.stack(item)) else { return Ok(()) };
            // To load a row flushes what may affect it: no row of the stack may be deleted before the others are loaded.
            session.load(&model.items.handles(&stack))?;
            for item in stack {
                session.hard_delete(model.items.handle(item))?;
                model.items.remove(item);
            }
        }
        3 => {
            let shelf = model.shelves.one(choices).filter(|shelf| model.is_shelf_free(*shelf));
            let Some(shelf) = shelf else { return Ok(()) };
            if session.state(model.shelves.handle(shelf))? == State::Pending {
                session.flush()?;
            }
            session.delete(model.shelves.handle(shelf))?;
            model.shelves.remove(shelf);
        }
        4 => {
            let Some(mark) = model.marks.one(choices) else { return Ok(()) };
            if model.links.iter().any(|(_, other)| *other == mark) {
                return Ok(());
            }
            if session.state(model.marks.handle(mark))? == State::Pending {
                session.flush()?;
            }
            session.delete(model.marks.handle(mark))?;
            model.marks.remove(mark);
        }
        _ => {
            let Some(slot) = model.slots.one(choices) else { return Ok(()) };
            session.flush()?;
            for card in model.cards.filter(|card| *card == Some(slot)) {
                session.delete(model.cards.handle(card))?;
                model.cards.remove(card);
            }
            for pin in model.pins.filter(|(of, ..)| *of == slot) {
                session.delete(model.pins.handle(pin))?;
                model.pins.remove(pin);
            }
            session.delete(model.slots.handle(slot))?;
            model.slots.remove(slot);
        }
    }
    Ok(())
}

/// Links items to marks, and removes links.
pub fn link(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices) -> Result<()> {
    let model = &mut walk.model;
    let (Some(item), Some(mark)) = (model.items.one(choices), model.marks.one(choices)) else { return Ok(()) };
    let pair = match choices.of(3) {
        // A link that is there.
        0 => model.links.iter().nth(choices.of(model.links.len())).copied().unwrap_or((item, mark)),
        _ => (item, mark),
    };
    let (item, mark) = (model.items.handle(pair.0), model.marks.handle(pair.1));
    if choices.yes() {
        session.link(item_marks::item_id, item_marks::mark_code, item, mark)?;
        model.links.insert(pair);
    } else {
        session.unlink(item_marks::item_id, item_marks::mark_code, item, mark)?;
        model.links.remove(&pair);
    }
    Ok(())
}

/// Inserts rows unless they are there, or updates them.
pub fn upsert(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices) -> Result<()> {
    walk.renumbered = false;
    if choices.of(3) == 0 {
        let existing = walk.model.shelves.maybe(choices);
        let label = match existing {
            Some(shelf) => walk.model.shelves.value(shelf).clone(),
            None => walk.label(choices),
        };
        let new = NewShelf::new(label.clone())?;
        let (shelf, added) = if choices.yes() {
            session.get_or_add(shelves::label, new)?
        } else {
            let done = session.upsert([new]).on_conflict(shelves::label).nothing().run()?;
            (done[0].0, done[0].1 == Upserted::Inserted)
        };
        assert_eq!(added, existing.is_none());
        match existing {
            Some(existing) => assert_eq!(shelf, walk.model.shelves.handle(existing)),
            None => walk.model.shelves.push(shelf, label),
        }
        return Ok(());
    }
    let rows: Vec<(i64, String)> =
        (0..=choices.of(3)).map(|_| (i64::try_from(choices.of(9)).unwrap(), Walk::name(choices))).collect();
    let new = rows.iter().map(|(code, note)| NewMark::new(*code, note.clone())).collect::<Result<Vec<_>>>()?;
    let (updates, marks) = (choices.yes(), &mut walk.model.marks);
    let upsert = session.upsert(new).on_conflict(marks::code);
    let done = if updates { upsert.update(marks::note).run()? } else { upsert.nothing().run()? };
    for ((code, note), (handle, outcome)) in rows.into_iter().zip(done) {
        match marks.filter(|(other, _)| *other == code).first() {
            None => {
                assert_eq!(outcome, Upserted::Inserted);
                marks.push(handle, (code, note));
            }
            Some(existing) => {
                assert_eq!(outcome, if updates { Upserted::Updated } else { Upserted::Existing });
                assert_eq!(handle, marks.handle(*existing));
                if updates {
                    marks.value_mut(*existing).1 = note;
                }
            }
        }
    }
    Ok(())
}
