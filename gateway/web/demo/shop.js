// The shop: what a visitor does, told to the gateway.
(() => {
  const PRICE = 29.9;
  const find = (id) => document.getElementById(id);
  const euros = (amount) => '€' + amount.toFixed(2);
  const quantity = () => Number(find('quantity').value) || 1;
  const total = (count) => Math.round(PRICE * count * 100) / 100;
  let inCart = 0;

  const order = (count) => ({
    currency: 'EUR',
    value: total(count),
    items: [
      { item_id: 'TIDE-350', item_name: 'Tidewater mug', price: PRICE, quantity: count },
    ],
  });

  function addToCart() {
    if (!find('order').reportValidity()) return;
    inCart += quantity();
    find('cart-count').value = inCart;
    find('said').textContent = 'In your cart.';
    gateway('event', 'add_to_cart', order(quantity()));
  }

  function buy(event) {
    event.preventDefault();
    const id = 'T-' + Date.now().toString(36).toUpperCase();
    const email = find('email').value.trim();
    gateway('event', 'purchase', {
      ...order(quantity()),
      transaction_id: id,
      ...(email && { user_data: { email_address: email } }),
    });
    inCart = 0;
    find('cart-count').value = inCart;
    find('said').textContent = `Order ${id} is placed. No money moved: this is a demo.`;
  }

  find('quantity').oninput = () => {
    find('total').textContent = euros(total(quantity()));
  };
  find('add').onclick = addToCart;
  find('order').onsubmit = buy;
  gateway('event', 'view_item', order(1));
})();
