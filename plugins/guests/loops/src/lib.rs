//! For tests: never ends.

use sluice_plugin::Selector;

struct Guest;

impl Selector for Guest {
    const NAME: &'static str = "loops";
    const SUMMARY: &'static str = "For tests: never ends.";

    fn rank(_limit: usize) -> Result<Vec<u32>, String> {
        loop {
            std::hint::black_box(sluice_plugin::pool::size());
        }
    }
}

sluice_plugin::export_selector!(Guest);
