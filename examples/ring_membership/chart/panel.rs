//! What both panels share: where rows are, a heading with a legend, and an axis.

/// Where the first row begins, how high each is, and what is below the last one.
pub(super) const TOP: f64 = 108.0;
pub(super) const ROW: f64 = 58.0;
pub(super) const BOTTOM: f64 = 60.0;

/// The vertical middle of a row.
pub(super) fn middle(row: usize) -> f64 {
    TOP + ROW * (row as f64 + 0.5)
}

/// The place of one chart.
pub(super) struct Panel {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) floor: f64,
}

impl Panel {
    pub(super) const fn new(left: f64, right: f64, floor: f64) -> Self {
        Self { left, right, floor }
    }

    /// Where a value stands that is this part of the axis, 0 to 1.
    pub(super) fn x(&self, part: f64) -> f64 {
        self.left + (self.right - self.left) * part
    }

    pub(super) fn heading(&self, text: &str) -> String {
        format!(
            "<text x=\"{:.1}\" y=\"62\" font-size=\"13\" font-weight=\"bold\">{text}</text>\n",
            self.left
        )
    }

    /// A sign, which is drawn around the origin, and what it means.
    pub(super) fn legend(&self, distance: f64, sign: &str, text: &str) -> String {
        let x = self.left + distance;
        format!(
            "<g transform=\"translate({x:.1} 84)\">{sign}<text x=\"12\" y=\"4\">{text}</text></g>\n"
        )
    }

    /// A vertical line from the top to the floor, and its label below.
    pub(super) fn tick(&self, part: f64, label: &str, class: &str) -> String {
        let (x, floor) = (self.x(part), self.floor);
        format!(
            "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{floor:.1}\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>\n",
            floor + 18.0
        )
    }

    /// What the axis measures.
    pub(super) fn axis(&self, text: &str) -> String {
        format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>\n",
            self.x(0.5),
            self.floor + 42.0
        )
    }
}
