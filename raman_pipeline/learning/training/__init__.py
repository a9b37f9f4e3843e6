"""How networks are trained: loop, device, augmentation, presets."""
