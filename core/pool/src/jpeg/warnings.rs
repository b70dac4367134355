//! What libjpeg only warns of: data that it can't make sense of, in whose place it puts grey or rubbish.
//! Overwritten data that makes sense by chance, up to the last block, is not heard of: nobody could tell.

use std::ffi::{CStr, c_int};
use std::mem;
use std::panic::resume_unwind;

use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr, jpeg_std_error};

/// With these libjpeg unwinds.
pub(super) enum Unwound {
    /// A part of the picture's data makes no sense.
    Damage,
    /// Data is left over at the end: padding, or a sign that data before it was taken for something else.
    LeftOver,
    /// It can't be decoded at all; libjpeg's words.
    GaveUp(String),
}

/// How libjpeg's warnings of damage begin, and one of them that is not about the picture.
const DAMAGE: [&str; 2] = ["Corrupt JPEG data", "Premature end"];
const COLOUR_PROFILE: &str = "ICC marker";
/// Between the segments of a header such bytes are odd and harmless.
const LEFT_OVER: &str = "extraneous bytes";
const RESTART_FIRST: u32 = 0xD0;
const RESTART_LAST: u32 = 0xD7;
const END_OF_IMAGE: u32 = 0xD9;

/// Unwinds, with [`Unwound`], from errors and from damage; from what is left over at the end only where it is asked to.
/// Other warnings are not heard.
#[expect(unsafe_code, reason = "libjpeg fills in what it needs itself")]
pub(super) fn listening(also_left_over: bool) -> jpeg_error_mgr {
    // SAFETY: every field is a number, a pointer or an optional function, for which zero is a value; libjpeg's own
    // function then gives each one that it reads.
    let mut manager: jpeg_error_mgr = unsafe { mem::zeroed() };
    // SAFETY: it writes to this structure and nowhere else.
    unsafe { jpeg_std_error(&mut manager) };
    manager.error_exit = Some(give_up);
    manager.emit_message = Some(if also_left_over { hear_all } else { hear_damage });
    manager
}

extern "C-unwind" fn give_up(decoder: &mut jpeg_common_struct) {
    // Without the numbers, of which the words only have the places.
    let words = message(decoder).0.split('%').next().unwrap_or_default();
    resume_unwind(Box::new(Unwound::GaveUp(words.trim_end().to_owned())));
}

extern "C-unwind" fn hear_damage(decoder: &mut jpeg_common_struct, level: c_int) {
    if let Some(Unwound::Damage) = meaning(decoder, level) {
        resume_unwind(Box::new(Unwound::Damage));
    }
}

extern "C-unwind" fn hear_all(decoder: &mut jpeg_common_struct, level: c_int) {
    if let Some(meaning) = meaning(decoder, level) {
        resume_unwind(Box::new(meaning));
    }
}

/// What a message means for the picture. Below level zero are warnings; the others tell what it is doing.
fn meaning(decoder: &jpeg_common_struct, level: c_int) -> Option<Unwound> {
    let (message, before) = if level < 0 { message(decoder) } else { return None };
    if !DAMAGE.iter().any(|words| message.starts_with(words)) || message.contains(COLOUR_PROFILE) {
        None
    } else if message.contains(LEFT_OVER) {
        match before {
            END_OF_IMAGE => Some(Unwound::LeftOver),
            RESTART_FIRST..=RESTART_LAST => Some(Unwound::Damage),
            _ => None,
        }
    } else {
        Some(Unwound::Damage)
    }
}

/// The words of the last message, with the places for its numbers, and the second of these; nothing where it has none.
#[expect(unsafe_code, reason = "the words are in a table of libjpeg's")]
fn message(decoder: &jpeg_common_struct) -> (&str, u32) {
    // SAFETY: libjpeg sets this pointer before it calls, to the structure that the decoder owns.
    let Some(manager) = (unsafe { decoder.err.as_ref() }) else { return ("", 0) };
    if !(0..=manager.last_jpeg_message).contains(&manager.msg_code) {
        return ("", 0);
    }
    // SAFETY: the table has an entry for each number up to the last one, and lives as long as the program.
    let words = unsafe { *manager.jpeg_message_table.add(manager.msg_code as usize) };
    // SAFETY: each entry is a text that ends with a zero.
    let words = (!words.is_null()).then(|| unsafe { CStr::from_ptr(words.cast()) });
    let words = words.and_then(|words| words.to_str().ok()).unwrap_or_default();
    (words, manager.msg_parm._bindgen_data_[1])
}
