//! How a file of a picture becomes what the predictor takes: what `sluice_pool::square` does, step by step.

/// For people and programs; `side` is that of an input.
pub const STEPS: [&str; 5] = [
    "The file is decoded; its content tells the format, not its name. Of an animation the first picture counts. A \
     JPEG, unless it is CMYK, is decoded at 1/8, 1/4 or 1/2 of its size, whatever is the least of these (or all of its \
     size) at which its shorter side is not shorter than `side`: what `Image.draft(\"RGB\", (side, side))` of Pillow \
     does.",
    "The picture is turned upright as the orientation in its EXIF data says.",
    "It becomes red, green and blue of 8 bits each. Grey becomes three equal channels. Transparency is dropped, not \
     blended with anything. Of 16 bits v become (v + 128) / 257, rounded down; of floats, which are cut off at 0 and \
     1, 255 v, rounded.",
    "It is made `side` × `side` pixels, whatever its shape was: bilinear, with the filter widened where it shrinks \
     (antialiased), first in width, then in height, rounded to 8 bits after each: what Pillow's `Image.resize` does with \
     `Image.Resampling.BILINEAR`, in two calls.",
    "Its bytes, row by row and each pixel red, green, blue, are what the predictor takes: (pictures, side, side, 3), \
     unsigned 8-bit. Nothing is divided or subtracted: the predictor does that itself.",
];

/// The same in Python.
pub const IN_PYTHON: &str = r#"import numpy
from PIL import Image, ImageOps


def square(path, side):
    picture = Image.open(path)
    if picture.mode != "CMYK":
        picture.draft("RGB", (side, side))
    picture = rgb(ImageOps.exif_transpose(picture))
    # In two calls: in one, newer Pillows choose by the shape which way is first.
    picture = picture.resize((side, picture.height), Image.Resampling.BILINEAR)
    return numpy.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))


def rgb(picture):
    """Of 8 bits each; transparency is dropped."""
    if picture.mode.startswith("I"):
        levels = numpy.asarray(picture).astype(numpy.uint32)
        picture = Image.fromarray(((levels + 128) // 257).astype(numpy.uint8))
    elif picture.mode == "F":
        levels = numpy.clip(numpy.asarray(picture), 0, 1)
        picture = Image.fromarray(numpy.floor(levels * 255 + 0.5).astype(numpy.uint8))
    return picture.convert("RGB")


def squares(paths, side):
    return numpy.stack([square(path, side) for path in paths])
"#;

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../../examples/predictor/predict.py");

    /// The lines below its head, without comments.
    fn body<'a>(text: &'a str, function: &str) -> Vec<&'a str> {
        let head = format!("def {function}(");
        let lines = text.lines().skip_while(|line| !line.starts_with(&head)).skip(1);
        let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
        lines.filter(|line| !line.is_empty() && !line.trim_start().starts_with('#')).collect()
    }

    #[test]
    fn the_card_and_the_example_prepare_alike() {
        for (function, lines) in [("rgb", 8), ("square", 6)] {
            let in_card = body(IN_PYTHON, function);
            assert_eq!(in_card.len(), lines, "{function}: {in_card:?}");
            assert_eq!(in_card, body(EXAMPLE, function), "{function}");
        }
    }
}
