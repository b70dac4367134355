//! What libjpeg only warns of: data that it can't make sense of, in whose place it puts grey or rubbish.
//! Overwritten data that makes sense by chance, up to the last block, is not heard of: nobody could tell.

use std::ffi::{CStr, c_int};
use std::mem;
use std::panic::resume_unwind;

use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr, jpeg_std_error};

/// With this libjpeg unwinds, in libjpeg's words: a part of the picture is damaged.
pub(crate) struct Damage(pub String);

/// How libjpeg's warnings of damage begin, and one of them that is not about the picture.
const DAMAGE: [&str; 2] = ["Corrupt JPEG data", "Premature end"];
const COLOUR_PROFILE: &str = "ICC marker";
/// Between the segments of a header such bytes are odd and harmless. Where a scan ends, too much is left because
/// what was there was taken for something else.
const LEFT_OVER: &str = "extraneous bytes";

const RESTART_FIRST: u32 = 0xD0;
const RESTART_LAST: u32 = 0xD7;
const END_OF_IMAGE: u32 = 0xD9;

/// Unwinds from errors and from damage, with [`Damage`]; other warnings are not heard. What is left over at the end of
/// the last scan may be `padding`.
#[expect(unsafe_code, reason = "libjpeg fills in what it needs itself")]
pub(super) fn listening(padding: bool) -> jpeg_error_mgr {
    // SAFETY: every field is a number, a pointer or an optional function, for which zero is a value; libjpeg's own
    // function then gives each one that it reads.
    let mut manager: jpeg_error_mgr = unsafe { mem::zeroed() };
    // SAFETY: it writes to this structure and nowhere else.
    unsafe { jpeg_std_error(&mut manager) };
    manager.error_exit = Some(give_up);
    manager.emit_message = Some(if padding { hear_all_but_padding } else { hear });
    manager
}

extern "C-unwind" fn give_up(decoder: &mut jpeg_common_struct) {
    resume_unwind(Box::new(Damage(message(decoder).0.to_owned())));
}

extern "C-unwind" fn hear(decoder: &mut jpeg_common_struct, level: c_int) {
    unwind_from_damage(decoder, level, false);
}

extern "C-unwind" fn hear_all_but_padding(decoder: &mut jpeg_common_struct, level: c_int) {
    unwind_from_damage(decoder, level, true);
}

fn unwind_from_damage(decoder: &jpeg_common_struct, level: c_int, padding: bool) {
    // Below zero are warnings; the others tell what it is doing.
    if level >= 0 {
        return;
    }
    let (message, before) = message(decoder);
    let is_damage = DAMAGE.iter().any(|words| message.starts_with(words));
    let is_harmless = message.contains(COLOUR_PROFILE)
        || message.contains(LEFT_OVER)
            && match before {
                RESTART_FIRST..=RESTART_LAST => false,
                END_OF_IMAGE => padding,
                _ => true,
            };
    if is_damage && !is_harmless {
        resume_unwind(Box::new(Damage(message.to_owned())));
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
    let words = (!words.is_null()).then(|| unsafe { CStr::from_ptr(words) });
    let words = words.and_then(|words| words.to_str().ok()).unwrap_or_default();
    (words, manager.msg_parm._bindgen_data_[1])
}
