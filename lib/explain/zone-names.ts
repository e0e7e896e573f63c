/** How the kernel's lists name zones and nodes, for expressions: no other words stand there, so a text has few of them. */

/** Every zone there can be, lowest first: enum zone_type of include/linux/mmzone.h. */
export const ZONE_ORDER = ["DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"] as const;

/** A zone. */
export const ZONE = ZONE_ORDER.join("|");

/** The number of a node: at most 1023, as no architecture sets CONFIG_NODES_SHIFT above 10. */
export const NODE = String.raw`10[01]\d|102[0-3]|\d{1,3}`;
