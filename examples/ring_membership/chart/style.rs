//! Colours: dark enough for a light page, and lighter ones for a dark page.

pub(super) const STYLE: &str = "<style>
text { fill: #24292f }
.halo { stroke: #ffffff; stroke-width: 4; paint-order: stroke }
.paper { fill: #ffffff }
.grid { stroke: #d8dee4 }
.one { stroke: #6e7781; stroke-dasharray: 4 3 }
.span { stroke: #8c959f; stroke-width: 3 }
.emptiest { fill: #ffffff; stroke: #0550ae; stroke-width: 2 }
.fullest { fill: #0550ae; stroke: #0550ae; stroke-width: 2 }
.step-1 { fill: #0969da }
.step-2 { fill: #bc4c00 }
.step-3 { fill: #1a7f37 }
.step-4 { fill: #8250df }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.halo { stroke: #0d1117 }
.paper { fill: #0d1117 }
.grid { stroke: #30363d }
.one { stroke: #8b949e }
.span { stroke: #6e7681 }
.emptiest { fill: #0d1117; stroke: #79c0ff }
.fullest { fill: #79c0ff; stroke: #79c0ff }
.step-1 { fill: #58a6ff }
.step-2 { fill: #f0883e }
.step-3 { fill: #3fb950 }
.step-4 { fill: #bc8cff }
}
</style>";
