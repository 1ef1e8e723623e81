/* The map of the report, and a copy button. Everything else on the page works without this script. ASCII only. */
(function () {
  "use strict";

  const command = document.querySelector(".command");
  if (command && navigator.clipboard) {
    const text = command.textContent, button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(text).then(function () { button.textContent = "Copied"; }, function () { button.remove(); });
    });
    command.classList.add("can-copy");
    command.appendChild(button);
  }

  const island = document.getElementById("map-data"), box = document.querySelector(".map");
  if (!island || !box) return;
  const data = JSON.parse(island.textContent);
  const canvas = box.querySelector("canvas"), tip = box.querySelector(".map-tip"), context = canvas.getContext("2d");

  /* Places in 0..1, y downwards, from base64 of little-endian 16-bit pairs. */
  function decode(text) {
    const bytes = atob(text), places = new Float32Array(bytes.length / 2);
    for (let i = 0; i < places.length; i++) places[i] = (bytes.charCodeAt(2 * i) | bytes.charCodeAt(2 * i + 1) << 8) / 65535;
    return places;
  }

  const layers = ["rest", "earlier", "picks"].map(function (id) {
    return { id: id, places: decode(data[id].xy), names: data[id].names, shown: true };
  });
  /* Groups: the picture of a typical image each, drawn once it is decoded. */
  const groups = { shown: true, places: decode(data.groups.xy), sizes: data.groups.size, images: data.groups.thumbs.map(function (source) {
    const image = new Image();
    image.onload = draw;
    if (source) image.src = source;
    return image;
  }) };
  const bounds = { x0: 1, y0: 1, x1: 0, y1: 0 };
  layers.forEach(function (layer) {
    for (let i = 0; i < layer.places.length; i += 2) {
      bounds.x0 = Math.min(bounds.x0, layer.places[i]); bounds.x1 = Math.max(bounds.x1, layer.places[i]);
      bounds.y0 = Math.min(bounds.y0, layer.places[i + 1]); bounds.y1 = Math.max(bounds.y1, layer.places[i + 1]);
    }
  });

  const view = { scale: 1, x: 0, y: 0 }; /* canvas = place * scale + (x, y), in CSS pixels */
  let width = 0, height = 0, least = 1, hovered = null;

  function showAll() {
    const margin = 24, w = Math.max(bounds.x1 - bounds.x0, 1e-6), h = Math.max(bounds.y1 - bounds.y0, 1e-6);
    view.scale = Math.min((width - 2 * margin) / w, (height - 2 * margin) / h);
    least = view.scale / 2;
    view.x = width / 2 - view.scale * (bounds.x0 + w / 2);
    view.y = height / 2 - view.scale * (bounds.y0 + h / 2);
  }

  function dots(layer, colour, radius, ring) {
    context.fillStyle = colour;
    context.strokeStyle = ring;
    const places = layer.places, small = radius < 2;
    for (let i = 0; i < places.length; i += 2) {
      const x = places[i] * view.scale + view.x, y = places[i + 1] * view.scale + view.y;
      if (x < -8 || y < -8 || x > width + 8 || y > height + 8) continue;
      if (small) { context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius); continue; }
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
      if (ring) context.stroke();
    }
  }

  /* Pictures that would cover each other move apart and keep a line to their place. */
  function spread(side) {
    const at = [];
    for (let i = 0; i < groups.places.length; i += 2) {
      const x = groups.places[i] * view.scale + view.x, y = groups.places[i + 1] * view.scale + view.y;
      const inside = x > -side && y > -side && x < width + side && y < height + side;
      at.push({ x: x, y: y, homeX: x, homeY: y, index: i / 2, shown: inside && groups.images[i / 2].naturalWidth > 0 });
    }
    const shown = at.filter(function (place) { return place.shown; });
    for (let turn = 0; turn < 60; turn++) {
      shown.forEach(function (a, i) {
        shown.slice(i + 1).forEach(function (b) {
          const dx = b.x - a.x, dy = b.y - a.y, inX = side * 1.15 - Math.abs(dx), inY = side * 1.4 - Math.abs(dy);
          if (inX <= 0 || inY <= 0) return;
          if (inX < inY) { const by = (dx < 0 ? -inX : inX) / 2; a.x -= by; b.x += by; }
          else { const by = (dy < 0 ? -inY : inY) / 2; a.y -= by; b.y += by; }
        });
      });
      if (view.scale > 2 * least * 1.02) continue; /* of a map that is zoomed pictures may leave */
      shown.forEach(function (a) {
        a.x = Math.min(Math.max(a.x, side * 0.6), width - side * 0.6);
        a.y = Math.min(Math.max(a.y, side * 0.6), height - side * 0.8);
      });
    }
    return shown;
  }

  function drawGroups(colour) {
    const side = Math.max(36, Math.min(72, Math.min(width, height) / 7));
    const shown = spread(side);
    context.strokeStyle = colour("ink");
    context.lineWidth = 1.5;
    shown.forEach(function (place) {
      context.beginPath();
      context.moveTo(place.homeX, place.homeY);
      context.lineTo(place.x, place.y);
      context.stroke();
    });
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    shown.forEach(function (place) {
      const image = groups.images[place.index], longer = Math.max(image.naturalWidth, image.naturalHeight);
      const w = side * image.naturalWidth / longer, h = side * image.naturalHeight / longer;
      context.fillStyle = colour("card");
      context.fillRect(place.x - w / 2 - 3, place.y - h / 2 - 3, w + 6, h + 6);
      context.drawImage(image, place.x - w / 2, place.y - h / 2, w, h);
      context.strokeStyle = colour("soft");
      context.lineWidth = 1;
      context.strokeRect(place.x - w / 2 - 1.5, place.y - h / 2 - 1.5, w + 3, h + 3);
      const text = groups.sizes[place.index].toLocaleString("en"), wide = context.measureText(text).width + 8;
      context.fillStyle = colour("card");
      context.globalAlpha = 0.85;
      context.fillRect(place.x - wide / 2, place.y + h / 2 + 4, wide, 14);
      context.globalAlpha = 1;
      context.fillStyle = colour("ink");
      context.fillText(text, place.x, place.y + h / 2 + 15);
    });
  }

  let waiting = false;
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(paint);
  }

  function paint() {
    waiting = false;
    const style = getComputedStyle(document.documentElement), zoom = Math.min(2.2, Math.sqrt(view.scale / (2 * least)));
    function colour(name) { return style.getPropertyValue("--" + name).trim(); }
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.lineWidth = 1;
    const count = layers[0].places.length / 2, chosen = layers[2].places.length / 2;
    const size = [count > 8000 ? 1.1 : count > 1500 ? 1.7 : 2.8, 3.2, chosen > 2000 ? 2.2 : chosen > 400 ? 3 : 4];
    if (layers[0].shown) { context.globalAlpha = count > 4000 ? 0.75 : 1; dots(layers[0], colour("all"), size[0] * zoom, null); }
    context.globalAlpha = 1;
    if (layers[1].shown) dots(layers[1], colour("earlier"), size[1] * zoom, colour("card"));
    if (layers[2].shown) dots(layers[2], colour("chosen"), size[2] * zoom, colour("card"));
    if (groups.shown) drawGroups(colour);
    if (hovered) {
      context.lineWidth = 2;
      context.strokeStyle = colour("ink");
      context.beginPath();
      context.arc(hovered.x * view.scale + view.x, hovered.y * view.scale + view.y, 7 * zoom, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  function resize() {
    const rect = canvas.getBoundingClientRect(), first = width === 0, ratio = window.devicePixelRatio || 1;
    if (!rect.width) return;
    width = rect.width; height = rect.height;
    canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
    if (first || !moved) showAll();
    paint(); /* at once: a page that is being printed has no next frame */
  }

  /* The nearest dot within reach; picks win over earlier ones, those over the rest. */
  function find(x, y) {
    for (let k = layers.length - 1; k >= 0; k--) {
      const layer = layers[k], places = layer.places;
      let best = 12 * 12, at = -1;
      for (let i = 0; layer.shown && i < places.length; i += 2) {
        const dx = places[i] * view.scale + view.x - x, dy = places[i + 1] * view.scale + view.y - y, d = dx * dx + dy * dy;
        if (d < best) { best = d; at = i; }
      }
      if (at >= 0) return { layer: layer, index: at / 2, x: places[at], y: places[at + 1] };
    }
    return null;
  }

  function pictureOf(dot) {
    if (dot.layer.id === "picks") {
      const image = document.querySelector("#p" + data.picks.rank[dot.index] + " img");
      return image ? image.src : "";
    }
    return dot.layer.id === "rest" ? data.rest.thumbs[dot.index] || "" : "";
  }

  function showTip(dot) {
    hovered = dot;
    tip.hidden = !dot;
    draw();
    if (!dot) return;
    tip.textContent = "";
    const source = pictureOf(dot), name = dot.layer.names[dot.index];
    if (source) { const image = document.createElement("img"); image.alt = ""; image.src = source; tip.appendChild(image); }
    if (dot.layer.id === "picks") {
      const rank = document.createElement("b");
      rank.textContent = "Pick " + data.picks.rank[dot.index] + " ";
      tip.appendChild(rank);
    }
    if (name) { const text = document.createElement("bdi"); text.textContent = name; tip.appendChild(text); }
    const x = dot.x * view.scale + view.x, y = dot.y * view.scale + view.y, w = tip.offsetWidth, h = tip.offsetHeight;
    tip.style.left = Math.max(4, x + w + 16 > width ? x - w - 14 : x + 14) + "px";
    tip.style.top = Math.max(4, Math.min(height - h - 4, y - h / 2)) + "px";
  }

  let moved = false;
  function zoomAt(x, y, factor) {
    const scale = Math.min(Math.max(view.scale * factor, least), least * 400), by = scale / view.scale;
    view.x = x - (x - view.x) * by;
    view.y = y - (y - view.y) * by;
    view.scale = scale;
    moved = true;
    draw();
  }

  const fingers = new Map();
  let travel = 0;
  function at(event) {
    const rect = canvas.getBoundingClientRect();
    return { x: event.clientX - rect.left, y: event.clientY - rect.top };
  }
  canvas.addEventListener("pointerdown", function (event) {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
    travel = 0;
  });
  canvas.addEventListener("pointermove", function (event) {
    const now = at(event), before = fingers.get(event.pointerId);
    if (!before) { showTip(find(now.x, now.y)); return; }
    const others = Array.from(fingers).filter(function (entry) { return entry[0] !== event.pointerId; });
    travel += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (others.length) {
      const other = others[0][1], old = Math.hypot(before.x - other.x, before.y - other.y), wide = Math.hypot(now.x - other.x, now.y - other.y);
      if (old > 0) zoomAt((now.x + other.x) / 2, (now.y + other.y) / 2, wide / old);
    }
    view.x += (now.x - before.x) / (others.length + 1);
    view.y += (now.y - before.y) / (others.length + 1);
    fingers.set(event.pointerId, now);
    if (travel > 4) { moved = true; showTip(null); }
  });
  function release(event) {
    const place = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (!place || travel > 4 || event.type === "pointercancel") return;
    const dot = find(place.x, place.y);
    showTip(dot);
    if (event.pointerType === "mouse" && dot && dot.layer.id === "picks") {
      const figure = document.getElementById("p" + data.picks.rank[dot.index]);
      document.querySelectorAll(".found").forEach(function (old) { old.classList.remove("found"); });
      if (figure) { figure.classList.add("found"); figure.scrollIntoView({ block: "center" }); }
    }
  }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", function () { if (!fingers.size) showTip(null); });
  canvas.addEventListener("wheel", function (event) {
    if (!event.ctrlKey && document.activeElement !== canvas) return; /* the page scrolls until the map was clicked */
    const place = at(event);
    event.preventDefault();
    zoomAt(place.x, place.y, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)));
    showTip(null);
  }, { passive: false });
  canvas.addEventListener("keydown", function (event) {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }, step = steps[event.key];
    if (step) { view.x += step[0]; view.y += step[1]; moved = true; draw(); }
    else if (event.key === "+" || event.key === "=") zoomAt(width / 2, height / 2, 1.4);
    else if (event.key === "-") zoomAt(width / 2, height / 2, 1 / 1.4);
    else if (event.key === "0" || event.key === "Escape") { moved = false; showAll(); showTip(null); }
    else return;
    event.preventDefault();
  });
  box.querySelectorAll("[data-zoom]").forEach(function (button) {
    button.addEventListener("click", function () {
      if (button.dataset.zoom === "all") { moved = false; showAll(); draw(); }
      else zoomAt(width / 2, height / 2, button.dataset.zoom === "in" ? 1.6 : 1 / 1.6);
      showTip(null);
    });
  });
  document.querySelectorAll("[data-layer]").forEach(function (input) {
    input.addEventListener("change", function () {
      layers.forEach(function (layer) { if (layer.id === input.dataset.layer) layer.shown = input.checked; });
      showTip(null);
    });
  });
  const groupBox = document.querySelector("[data-groups]");
  if (groupBox) groupBox.addEventListener("change", function () { groups.shown = groupBox.checked; draw(); });
  if (window.ResizeObserver) new ResizeObserver(resize).observe(canvas);
  window.addEventListener("beforeprint", resize);
  window.addEventListener("afterprint", resize);
  matchMedia("print").addEventListener("change", resize);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  resize();
})();
